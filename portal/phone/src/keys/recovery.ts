// The recovery code: 128 random bits and a check of 12 bits, written in Crockford's base32 as seven
// groups of four. Small letters, spaces and hyphens don't matter, O reads as 0, I and L as 1.

import { concat, random, sha256, type Bytes } from "../bytes";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const secretBits = 128n;
const checkBits = 12n;
const length = 28; // 140 bits, 5 a character

export const groupLength = 4;

export function newRecoverySecret(): Bytes {
  return random(Number(secretBits) / 8);
}

export async function writeRecoveryCode(secret: Bytes): Promise<string> {
  if (secret.length * 8 !== Number(secretBits)) throw new Error("recovery secret of wrong length");
  let n = (toNumber(secret) << checkBits) | (await check(secret));
  let out = "";
  for (let i = 0; i < length; i++) {
    out = (alphabet[Number(n & 31n)] ?? "") + out;
    n >>= 5n;
  }
  return groups(out).join(" ");
}

/** Gives the secret, or undefined when the code was mistyped. */
export async function readRecoveryCode(code: string): Promise<Bytes | undefined> {
  const text = normalize(code);
  if (text.length !== length) return undefined;
  let n = 0n;
  for (const c of text) {
    const value = alphabet.indexOf(c);
    if (value < 0) return undefined;
    n = (n << 5n) | BigInt(value);
  }
  const secret = fromNumber(n >> checkBits);
  return (n & ((1n << checkBits) - 1n)) === (await check(secret)) ? secret : undefined;
}

export function groups(code: string): string[] {
  return code.replaceAll(" ", "").match(/.{4}/g) ?? [];
}

/** One spelling for each way to type a code or a group of it. */
export function normalize(typed: string): string {
  return typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}

async function check(secret: Bytes): Promise<bigint> {
  const hash = await sha256(concat(secret));
  return BigInt(new DataView(hash.buffer).getUint16(0) >> 4);
}

function toNumber(b: Bytes): bigint {
  return b.reduce((n, x) => (n << 8n) | BigInt(x), 0n);
}

function fromNumber(n: bigint): Bytes {
  const out = new Uint8Array(Number(secretBits) / 8);
  for (let i = out.length - 1; i >= 0; i--) {
    out[i] = Number(n & 255n);
    n >>= 8n;
  }
  return out;
}
