// What the phone signs: a JWS in general serialisation (RFC 7515 section 7.2.1), one signature for
// each of its keys, as portal/sam/jws.go reads it.

import { base64url, utf8 } from "../bytes";

export type Role = "device" | "pin" | "backup" | "next-backup";

export interface Proof {
  payload: string;
  signatures: { protected: string; signature: string }[];
}

export async function prove(claims: object, signers: [Role, CryptoKey][]): Promise<Proof> {
  const payload = base64url(utf8(JSON.stringify(claims)));
  const signatures = await Promise.all(signers.map(async ([role, key]) => {
    const header = { alg: role === "pin" ? "EdDSA" : "ES256", kid: role, typ: "odnowa-phone+jws" };
    const protectedHeader = base64url(utf8(JSON.stringify(header)));
    const algorithm = role === "pin" ? "Ed25519" : { name: "ECDSA", hash: "SHA-256" };
    const signature = await crypto.subtle.sign(algorithm, key, utf8(`${protectedHeader}.${payload}`));
    return { protected: protectedHeader, signature: base64url(new Uint8Array(signature)) };
  }));
  return { payload, signatures };
}
