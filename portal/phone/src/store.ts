// What the phone keeps, in IndexedDB: one record for each enrolment. Key objects are kept as such;
// what isn't extractable stays so. Nothing here tells whether a PIN is right (see keys/pin.ts).

import type { Bytes } from "./bytes";

export type Step = "number" | "backup" | "pin" | "activate" | "code" | "active" | "restore";

export interface Phone {
  enrolment: string;
  /** the secret by which the SAM knows this phone */
  phone: string;
  number: string;
  /** SHA-256 of the QR code's token: to see that the same code was scanned again */
  tokenHash: string;
  step: Step;
  /** when it was scanned, to find the newest */
  since: number;
  device: CryptoKeyPair;
  /** salt of the PIN key */
  secret: Bytes;
  backupPublic: Bytes;
  /** until the SAM has the keys */
  backupSign?: CryptoKey;
  /** while this phone takes the place of another one: the key from that one's backup */
  restoring?: { backupSign: CryptoKey };
  /** until the person has saved the backup */
  unsaved?: { recovery: Bytes; backupKey: Bytes };
  /** the highest that was used in a proof */
  counter: number;
  /** while the person compares it; the nonce it follows from is never kept */
  code?: string;
  certificate?: { commonName: string; notBefore: string; notAfter: string };
}

const stores = "phones";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const r = indexedDB.open("rsign", 1);
    r.onupgradeneeded = () => {
      r.result.createObjectStore(stores, { keyPath: "enrolment" });
    };
    r.onsuccess = () => {
      resolve(r.result);
    };
    r.onerror = () => {
      reject(r.error ?? new Error("IndexedDB"));
    };
  });
}

/** Resolves when the transaction is complete, not when the request is: only then it is kept. */
async function run<T>(mode: IDBTransactionMode, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const tx = db.transaction(stores, mode, { durability: "strict" });
      const request = f(tx.objectStore(stores));
      tx.oncomplete = () => {
        resolve(request.result);
      };
      tx.onabort = () => {
        reject(tx.error ?? new Error("IndexedDB"));
      };
    });
  } finally {
    db.close();
  }
}

/** All records, the newest first. */
export async function phones(): Promise<Phone[]> {
  const all = await run("readonly", (s) => s.getAll() as IDBRequest<Phone[]>);
  return all.sort((a, b) => b.since - a.since);
}

export async function save(p: Phone): Promise<void> {
  await run("readwrite", (s) => s.put(p));
}

export async function forget(p: Phone): Promise<void> {
  await run("readwrite", (s) => s.delete(p.enrolment));
}
