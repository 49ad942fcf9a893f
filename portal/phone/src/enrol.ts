// The phone's side of an enrolment at the SAM (portal/sam/states.md): new keys, their proof, and the
// proof that the person knows the PIN. Nothing here knows of screens.

import * as api from "./api";
import { Problem, type Credential, type Welcome } from "./api";
import { base64, base64url, fromBase64, random, sha256, utf8, type Bytes } from "./bytes";
import { enrolmentCode } from "./keys/code";
import { newBackupKey, newDeviceKey, spki } from "./keys/device";
import { derivePINKey, secretLength } from "./keys/pin";
import { prove } from "./keys/proof";
import { newRecoverySecret } from "./keys/recovery";
import * as store from "./store";
import type { Phone } from "./store";

export async function hashOf(token: string): Promise<string> {
  return base64url(await sha256(utf8(token)));
}

/** Binds this phone to the QR code's enrolment, with keys of its own, and keeps both. */
export async function scan(token: string): Promise<Phone> {
  const welcome: Welcome = await api.scan(token);
  const backup = await newBackupKey();
  const backupKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", backup.privateKey));
  const phone: Phone = {
    ...welcome, tokenHash: await hashOf(token), step: "number", since: Date.now(), counter: 0,
    device: await newDeviceKey(), secret: random(secretLength), backupPublic: await spki(backup.publicKey),
    backupSign: await crypto.subtle.importKey("pkcs8", backupKey, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]),
    unsaved: { recovery: newRecoverySecret(), backupKey },
  };
  await store.save(phone);
  return phone;
}

/** Gives the SAM the phone's public keys, and the PIN's. Again with the same PIN is harmless. */
export async function sendKeys(p: Phone, pin: string): Promise<Credential> {
  if (!p.backupSign) throw new Problem("wrong_state");
  const pinKey = await derivePINKey(pin, p.secret);
  const c = await api.challenge(p);
  const proof = await prove({
    aud: "sam", type: "keys", enrolment: p.enrolment, jti: c.challenge, iat: c.iat, exp: c.exp,
    deviceKey: base64(await spki(p.device.publicKey)), pinKey: base64(pinKey.public), backupKey: base64(p.backupPublic),
  }, [["device", p.device.privateKey], ["pin", pinKey.sign], ["backup", p.backupSign]]);
  return api.sendKeys(p, proof);
}

/** Proves the PIN. Afterwards p.code is what the phone computed, and the SAM has computed the same. */
export async function activate(p: Phone, pin: string, credential: Credential): Promise<void> {
  const pinKey = await derivePINKey(pin, p.secret);
  const code = await codeOf(p, pinKey.public, credential);
  const c = await api.challenge(p);
  // On the disk before it is used: a counter that comes twice looks like a copied phone.
  p.counter += 1;
  p.code = code;
  await store.save(p);
  const proof = await prove({
    aud: "sam", type: "activate", enrolment: p.enrolment, credential: credential.id,
    jti: c.challenge, ctr: p.counter, iat: c.iat, exp: c.exp,
  }, [["device", p.device.privateKey], ["pin", pinKey.sign]]);
  const answer = await api.activate(p, proof);
  if (answer.code !== code) throw new Problem("code_mismatch");
}

async function codeOf(p: Phone, pinKey: Bytes, credential: Credential): Promise<string> {
  return enrolmentCode({
    deviceKey: await spki(p.device.publicKey), pinKey, backupKey: p.backupPublic,
    key: fromBase64(credential.key), nonce: fromBase64(credential.nonce),
  });
}
