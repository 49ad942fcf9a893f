// The backup file: the phone's secret and the private backup key, encrypted under the recovery code.
// Never under the PIN, which could be guessed from the file; the file doesn't tell whether a PIN is
// right either. It restores the phone's half of the signature, together with the PIN.

import { base64, concat, fromBase64, random, utf8, type Bytes } from "../bytes";

const kind = "rsign-backup";
const version = 1;

export interface Backup {
  secret: Bytes;
  /** PKCS#8 */
  backupKey: Bytes;
}

export interface BackupFile {
  kind: typeof kind;
  version: typeof version;
  enrolment: string;
  salt: string;
  iv: string;
  data: string;
}

/** Reads a file that a person chose, or gives undefined when it is no backup. */
export function readBackupFile(text: string): BackupFile | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const file = read as Record<keyof BackupFile, unknown>;
  const fits = file.kind === kind && file.version === version &&
    [file.enrolment, file.salt, file.iv, file.data].every((x) => typeof x === "string" && /^[A-Za-z0-9+/=_-]{1,4096}$/.test(x));
  return fits ? (read as BackupFile) : undefined;
}

export async function sealBackup(backup: Backup, recoverySecret: Bytes, enrolment: string): Promise<BackupFile> {
  const salt = random(16);
  const iv = random(12);
  const plain = utf8(JSON.stringify({ secret: base64(backup.secret), backupKey: base64(backup.backupKey) }));
  const key = await fileKey(recoverySecret, salt);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: header(enrolment) }, key, plain);
  plain.fill(0);
  return { kind, version, enrolment, salt: base64(salt), iv: base64(iv), data: base64(new Uint8Array(data)) };
}

/** Throws when the recovery code is another file's or the file was changed. */
export async function openBackup(file: BackupFile, recoverySecret: Bytes): Promise<Backup> {
  const key = await fileKey(recoverySecret, fromBase64(file.salt));
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: fromBase64(file.iv), additionalData: header(file.enrolment) }, key, fromBase64(file.data));
  const read = JSON.parse(new TextDecoder().decode(plain)) as { secret: string; backupKey: string };
  return { secret: fromBase64(read.secret), backupKey: fromBase64(read.backupKey) };
}

function header(enrolment: string): Bytes {
  return concat(utf8(`${kind}/${version}/`), utf8(enrolment));
}

/** HKDF and no slow hash: the recovery code has 128 random bits of its own. */
async function fileKey(recoverySecret: Bytes, salt: Bytes): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", recoverySecret, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: utf8(kind) }, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
