// A new phone that takes the place of another one, with that one's backup, its recovery code and the PIN
// (portal/sam/states.md). It has keys of its own, and a backup of its own before the old one is used up.
// Nothing here knows of screens.

import * as api from "./api";
import { Problem } from "./api";
import { base64, random, type Bytes } from "./bytes";
import { openBackup, type Backup, type BackupFile } from "./keys/backup";
import { newBackupKey, newDeviceKey, spki } from "./keys/device";
import { derivePINKey } from "./keys/pin";
import { prove } from "./keys/proof";
import { newRecoverySecret } from "./keys/recovery";
import * as store from "./store";
import type { Phone } from "./store";

const p256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Opens the backup and makes the new phone's keys; both are kept. Undefined: not this file's code, or the file was changed. */
export async function begin(file: BackupFile, recovery: Bytes): Promise<Phone | undefined> {
  const old = await openBackup(file, recovery).catch(() => undefined);
  if (!old) return undefined;
  try {
    await mustBeElsewhere(file.enrolment);
    const phone = await newPhone(file.enrolment, old);
    await store.save(phone);
    return phone;
  } finally {
    old.backupKey.fill(0);
  }
}

/** A phone that signs with this certificate is not replaced by itself. */
async function mustBeElsewhere(enrolment: string): Promise<void> {
  const here = (await store.phones()).find((p) => p.enrolment === enrolment && p.step === "active");
  if (!here) return;
  const gone = await api.state(here, 0, 0).then(() => false, (e: unknown) => {
    if (e instanceof Problem && (e.code === "phone_replaced" || e.code === "enrolment_void")) return true;
    throw e;
  });
  if (!gone) throw new Problem("backup_here");
}

async function newPhone(enrolment: string, old: Backup): Promise<Phone> {
  const backup = await newBackupKey();
  const backupKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", backup.privateKey));
  const signer = (pkcs8: Bytes): Promise<CryptoKey> => crypto.subtle.importKey("pkcs8", pkcs8, p256, false, ["sign"]);
  return {
    enrolment, phone: "", number: "", tokenHash: base64(random(16)), step: "backup", since: Date.now(), counter: 0,
    device: await newDeviceKey(), secret: old.secret, backupPublic: await spki(backup.publicKey), backupSign: await signer(backupKey),
    restoring: { backupSign: await signer(old.backupKey) }, unsaved: { recovery: newRecoverySecret(), backupKey },
  };
}

/** Proves backup and PIN to the SAM. From then on this phone signs, and the old one does not. */
export async function finish(p: Phone, pin: string): Promise<void> {
  if (!await wasAnswered(p)) await take(p, pin);
  const s = await api.state(p, 0, 0);
  if (s.state !== "active" || !s.certificate) throw new Problem("internal");
  p.number = s.number;
  p.certificate = s.certificate;
  p.step = "active";
  delete p.restoring;
  delete p.backupSign;
  await store.save(p);
}

/** Whether the SAM took this phone already, and only its answer was lost. */
async function wasAnswered(p: Phone): Promise<boolean> {
  if (p.phone === "") return false;
  return api.state(p, 0, 0).then(() => true, (e: unknown) => {
    if (e instanceof Problem && e.code === "phone_replaced") return false;
    throw e;
  });
}

async function take(p: Phone, pin: string): Promise<void> {
  if (!p.restoring || !p.backupSign) throw new Problem("wrong_state");
  const pinKey = await derivePINKey(pin, p.secret);
  const c = await api.restoreChallenge();
  // On the disk before it is used: without it a lost answer would cost the signature.
  p.phone = c.phone;
  await store.save(p);
  const proof = await prove({
    aud: "sam", type: "restore", enrolment: p.enrolment, jti: c.challenge, iat: c.iat, exp: c.exp,
    deviceKey: base64(await spki(p.device.publicKey)), backupKey: base64(p.backupPublic),
  }, [["device", p.device.privateKey], ["pin", pinKey.sign], ["backup", p.restoring.backupSign], ["next-backup", p.backupSign]]);
  await api.restore(p, proof);
}
