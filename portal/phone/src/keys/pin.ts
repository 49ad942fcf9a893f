// The PIN key: an Ed25519 key that exists only while the person's PIN is being used.
//
// It follows from the PIN and the phone's secret by Argon2id. Neither it nor its public half nor
// anything else by which a PIN could be recognised is stored, so a copied phone can't be used to try
// PINs: only the SAM can tell, and it counts.

import { argon2id } from "hash-wasm";
import { concat, fromBase64, type Bytes } from "../bytes";

/**
 * RFC 9106 section 4's second recommended choice (64 MiB, 3 passes) with one lane instead of four:
 * WebAssembly has one thread here, so more lanes would help only who guesses. 0.3 s on a laptop,
 * about 1 s on a phone, felt once for each PIN; 64 MiB is what a cheap phone's tab can still get.
 * These numbers are part of the key: changing them makes other keys.
 */
const argon2 = { memorySize: 64 * 1024, iterations: 3, parallelism: 1, hashLength: 32 } as const;

/** Length of the phone's secret, which is the salt. */
export const secretLength = 32;

/** PKCS#8 of an Ed25519 seed up to the seed itself (RFC 8410 section 7). */
const pkcs8Prefix = fromBase64("MC4CAQAwBQYDK2VwBCIEIA==");
/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 section 4). */
const spkiPrefix = fromBase64("MCowBQYDK2VwAyEA");

export interface PINKey {
  sign: CryptoKey;
  /** SubjectPublicKeyInfo. Not to be stored: it recognises the PIN. */
  public: Bytes;
}

export async function derivePINKey(pin: string, secret: Bytes): Promise<PINKey> {
  const seed = await argon2id({ ...argon2, password: pin, salt: secret, outputType: "binary" });
  const pkcs8 = concat(pkcs8Prefix, Uint8Array.from(seed));
  seed.fill(0);
  try {
    const sign = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    return { sign, public: concat(spkiPrefix, await publicHalf(pkcs8)) };
  } finally {
    pkcs8.fill(0);
  }
}

/** WebCrypto tells the public half of a private key only through an export. */
async function publicHalf(pkcs8: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", key);
  return fromBase64((jwk.x ?? "").replaceAll("-", "+").replaceAll("_", "/"));
}
