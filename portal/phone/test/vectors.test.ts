// The vectors that portal/sam runs in Go too, with other implementations of everything.

import { expect, test } from "vitest";
import computerCodes from "../../../protocol/vectors/rsign/computer-codes.json";
import file from "../../sam/testdata/phone.json";
import { hashPrefix } from "../src/approve";
import { base64, fromBase64, utf8, type Bytes } from "../src/bytes";
import { computerCode, enrolmentCode } from "../src/keys/code";
import { derivePINKey } from "../src/keys/pin";
import { prove, type Proof, type Role } from "../src/keys/proof";

interface Vectors {
  codes: { deviceKey: string; pinKey: string; backupKey: string; key: string; nonce: string; code: string }[];
  pinKeys: { pin: string; secret: string; public: string }[];
  proofs: { roles: Role[]; device: string; pin: string; backup: string; next?: string; claims: object; proof: Proof }[];
}

const vectors = file as unknown as Vectors;

test.each(vectors.codes)("code $code", async (v) => {
  const parts = { deviceKey: fromBase64(v.deviceKey), pinKey: fromBase64(v.pinKey), backupKey: fromBase64(v.backupKey), key: fromBase64(v.key), nonce: fromBase64(v.nonce) };
  expect(await enrolmentCode(parts)).toBe(v.code);
  parts.nonce[0] = (parts.nonce[0] ?? 0) ^ 1;
  expect(await enrolmentCode(parts)).not.toBe(v.code);
});

test.each(computerCodes.codes)("computer's code $code", async (v) => {
  const [key, samKey, nonce] = [fromBase64(v.key), fromBase64(v.samKey), fromBase64(v.nonce)];
  expect(await computerCode(key, samKey, nonce)).toBe(v.code);
  expect(await computerCode(samKey, key, nonce)).not.toBe(v.code);
});

test("the hash as it is shown", () => {
  expect(hashPrefix("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")).toBe("e3b0 c442 98fc 1c14"); // SHA-256 of nothing
});

test.each(vectors.pinKeys)("PIN key $public", async (v) => {
  const key = await derivePINKey(v.pin, fromBase64(v.secret));
  expect(base64(key.public)).toBe(v.public);
  expect(key.sign.extractable).toBe(false);
});

const keyOf = (role: Role, spki: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey("spki", spki, role === "pin" ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);

async function verifies(proof: Proof, i: number, role: Role, spki: Bytes): Promise<boolean> {
  const s = proof.signatures[i];
  if (!s) throw new Error("no signature");
  const signature = fromBase64(s.signature.replaceAll("-", "+").replaceAll("_", "/"));
  const algorithm = role === "pin" ? "Ed25519" : { name: "ECDSA", hash: "SHA-256" };
  return crypto.subtle.verify(algorithm, await keyOf(role, spki), signature, utf8(`${s.protected}.${proof.payload}`));
}

test.each(vectors.proofs)("proof by $roles", async (v) => {
  const keys = { device: fromBase64(v.device), pin: fromBase64(v.pin), backup: fromBase64(v.backup), "next-backup": fromBase64(v.next ?? "") };
  for (const [i, role] of v.roles.entries()) expect(await verifies(v.proof, i, role, keys[role])).toBe(true);
  expect(v.proof.signatures).toHaveLength(v.roles.length);
  expect(await verifies(v.proof, 0, "device", keys.backup)).toBe(false);
});

test("what is signed has the form of the vectors", async () => {
  const device = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const pin = await derivePINKey("835172", new Uint8Array(32));
  for (const v of vectors.proofs.filter((p) => p.roles.length < 3)) {
    const signers: [Role, CryptoKey][] = [["device", device.privateKey], ["pin", pin.sign]];
    const proof = await prove(v.claims, signers.slice(0, v.roles.length));
    expect(proof.payload).toBe(v.proof.payload);
    expect(proof.signatures.map((s) => s.protected)).toEqual(v.proof.signatures.map((s) => s.protected));
    if (v.roles.includes("pin")) expect(await verifies(proof, 1, "pin", pin.public)).toBe(true);
  }
});
