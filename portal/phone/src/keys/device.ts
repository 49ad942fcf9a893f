// The two P-256 keys of a phone. The device key can't leave the phone. The backup key leaves it once,
// into the backup file, and is then forgotten here.

import type { Bytes } from "../bytes";

const p256 = { name: "ECDSA", namedCurve: "P-256" } as const;

export async function newDeviceKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(p256, false, ["sign", "verify"]);
}

export async function newBackupKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(p256, true, ["sign", "verify"]);
}

/** SubjectPublicKeyInfo. */
export async function spki(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}
