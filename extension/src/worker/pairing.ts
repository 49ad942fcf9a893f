/**
 * What this browser and the agent's service do once to know each other, and on each connection to prove
 * it: the browser's half of agent/pairing. agent/service/PAIRING.md has the wire and the reasons; both
 * halves run the vectors of protocol/vectors/pairing. Nothing here does I/O.
 */
import { fields } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";

/** Length of nonces, X25519 public keys, proofs and the secret, in bytes. */
export const size = 32;

const hmac = { name: "HMAC", hash: "SHA-256" } as const;

/** What both sides of a pairing know when it is done. */
export interface Exchange {
  /** Of the extension. */
  origin: string;
  clientKey: Bytes;
  serverKey: Bytes;
  clientNonce: Bytes;
  serverNonce: Bytes;
}

/** What a proof is over: one connection, for one pairing. */
export interface Challenge {
  /** Of the extension. */
  origin: string;
  pairing: string;
  serverNonce: Bytes;
  clientNonce: Bytes;
}

/** A key for one pairing. */
export interface OwnKey {
  secret: CryptoKey;
  public: Bytes;
}

export function newNonce(): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

export async function newKey(): Promise<OwnKey> {
  const pair = (await crypto.subtle.generateKey("X25519", false, ["deriveBits"])) as CryptoKeyPair;
  return { secret: pair.privateKey, public: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** What is sent of the own nonce before the service's is seen. */
export function commitment(clientKey: Bytes, clientNonce: Bytes): Promise<Bytes> {
  return digest("odnowa-pair-commit-v1", clientKey, clientNonce);
}

/** The six digits that browser and window show. */
export async function pairingCode(e: Exchange): Promise<string> {
  const hash = await digest("odnowa-pair-code-v1", ...members(e));
  const number = new DataView(hash.buffer).getBigUint64(0) % 1_000_000n;
  return number.toString().padStart(6, "0");
}

/** Agrees on the secret with one side's private key and the other's public one; fails for one of low order. */
export async function agreeSecret(e: Exchange, own: CryptoKey, other: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", other, "X25519", false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: key }, own, 8 * size);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const salt = await digest("odnowa-pair-secret-v1", ...members(e));
  const info = new TextEncoder().encode("odnowa-pair-secret-v1");
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, material, 8 * size));
}

/** What this browser shows the service. */
export async function clientProof(secret: Bytes, c: Challenge): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, proven("odnowa-prove-client-v1", c)));
}

/** Whether the service knows the secret too. */
export async function checkServer(secret: Bytes, c: Challenge, proof: Bytes): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, proof, proven("odnowa-prove-server-v1", c));
}

function proven(label: string, { origin, pairing, serverNonce, clientNonce }: Challenge): Bytes {
  return fields(label, origin, pairing, serverNonce, clientNonce);
}

function members(e: Exchange): readonly (string | Bytes)[] {
  return [e.origin, e.clientKey, e.serverKey, e.clientNonce, e.serverNonce];
}

async function digest(label: string, ...list: readonly (string | Bytes)[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", fields(label, ...list)));
}
