// The phone's side of computers and requests at the SAM (portal/sam/signing.md): what the keys sign.
// Nothing here knows of screens.

import * as api from "./api";
import { Problem, type Deed, type FoundComputer, type SigningRequest } from "./api";
import { base64url, fromBase64, sha256 } from "./bytes";
import { computerCode } from "./keys/code";
import { derivePINKey } from "./keys/pin";
import { prove, type Proof } from "./keys/proof";
import * as store from "./store";
import type { Phone } from "./store";

/** What the device key alone may do, and over what. */
type DeviceType = "find-computer" | "refuse-computer" | "remove-computer" | "refuse-request";

async function byDevice(p: Phone, type: DeviceType, sub: string): Promise<Proof> {
  const c = await api.challenge(p);
  return prove({ aud: "sam", type, enrolment: p.enrolment, sub, jti: c.challenge, iat: c.iat, exp: c.exp }, [["device", p.device.privateKey]]);
}

/** Signs claims with both keys. The counter is on the disk before it is used, as in enrol.ts. */
async function byBoth(p: Phone, pin: string, claims: object): Promise<Proof> {
  const pinKey = await derivePINKey(pin, p.secret);
  const c = await api.challenge(p);
  p.counter += 1;
  await store.save(p);
  return prove({ aud: "sam", ...claims, jti: c.challenge, ctr: p.counter, iat: c.iat, exp: c.exp },
    [["device", p.device.privateKey], ["pin", pinKey.sign]]);
}

/** Finds the computer that shows this code, and computes the code again. */
export async function findComputer(p: Phone, code: string): Promise<FoundComputer> {
  const found = await api.findComputer(p, await byDevice(p, "find-computer", code));
  if (await computerCode(fromBase64(found.key), fromBase64(found.samKey), fromBase64(found.nonce)) !== code) throw new Problem("code_mismatch");
  return found;
}

export async function connect(p: Phone, pin: string, credential: string, computer: FoundComputer): Promise<void> {
  const key = base64url(await sha256(fromBase64(computer.key)));
  await api.send("computers/confirm", p, await byBoth(p, pin, { type: "register-computer", enrolment: p.enrolment, credential, computer: computer.id, key }));
}

const deeds: Record<Exclude<DeviceType, "find-computer">, Deed> = {
  "refuse-computer": "computers/refuse", "remove-computer": "computers/remove", "refuse-request": "requests/refuse",
};

export async function end(p: Phone, type: keyof typeof deeds, id: string): Promise<void> {
  await api.send(deeds[type], p, await byDevice(p, type, id));
}

/** Approves exactly what was shown. */
export async function approve(p: Phone, pin: string, credential: string, r: SigningRequest): Promise<void> {
  await api.send("requests/approve", p, await byBoth(p, pin, {
    type: "sign", enrolment: p.enrolment, credentialID: credential, hashes: r.hashes, hashAlgorithmOID: r.hashAlgorithmOID,
    numSignatures: r.numSignatures, label: r.label, request: r.id,
  }));
}

/** The first 16 hexadecimal digits of the hash that is signed, in groups of four. */
export function hashPrefix(hash: string): string {
  const hex = Array.from(fromBase64(hash).slice(0, 8), (b) => b.toString(16).padStart(2, "0")).join("");
  return hex.match(/.{4}/g)?.join(" ") ?? "";
}
