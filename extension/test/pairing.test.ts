import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fields, fromBase64, toBase64 } from "../src/worker/bytes.ts";
import type { Bytes } from "../src/worker/bytes.ts";
import { agreeSecret, checkServer, clientProof, commitment, newKey, pairingCode } from "../src/worker/pairing.ts";
import type { Challenge, Exchange } from "../src/worker/pairing.ts";

interface Vector {
  name: string;
  origin: string;
  clientPrivate: string;
  clientKey: string;
  serverKey: string;
  clientNonce: string;
  serverNonce: string;
  commitment: string;
  code: string;
  secret: string;
  pairing: string;
  proveClientNonce: string;
  proveServerNonce: string;
  clientProof: string;
  serverProof: string;
}

const file = new URL("../../protocol/vectors/pairing/pairing.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vector[];

const exchangeOf = (v: Vector): Exchange => ({
  origin: v.origin, clientKey: fromBase64(v.clientKey), serverKey: fromBase64(v.serverKey),
  clientNonce: fromBase64(v.clientNonce), serverNonce: fromBase64(v.serverNonce),
});
const challengeOf = (v: Vector): Challenge => ({
  origin: v.origin, pairing: v.pairing, serverNonce: fromBase64(v.proveServerNonce), clientNonce: fromBase64(v.proveClientNonce),
});

/** A raw X25519 private key in PKCS #8 (RFC 8410 section 7). */
function privateKey(raw: Bytes): Promise<CryptoKey> {
  const prefix = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);
  return crypto.subtle.importKey("pkcs8", Uint8Array.from([...prefix, ...raw]), "X25519", false, ["deriveBits"]);
}

describe.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_, v) => {
  test("commitment", async () => {
    expect(toBase64(await commitment(fromBase64(v.clientKey), fromBase64(v.clientNonce)))).toBe(v.commitment);
  });
  test("code", async () => expect(await pairingCode(exchangeOf(v))).toBe(v.code));
  test("secret", async () => {
    const own = await privateKey(fromBase64(v.clientPrivate));
    expect(toBase64(await agreeSecret(exchangeOf(v), own, fromBase64(v.serverKey)))).toBe(v.secret);
  });
  test("proofs", async () => {
    const secret = fromBase64(v.secret);
    expect(toBase64(await clientProof(secret, challengeOf(v)))).toBe(v.clientProof);
    expect(await checkServer(secret, challengeOf(v), fromBase64(v.serverProof))).toBe(true);
    expect(await checkServer(secret, challengeOf(v), fromBase64(v.clientProof))).toBe(false);
  });
});

test("fields can be read in one way only", () => {
  expect(fields("ab", "c")).not.toEqual(fields("a", "bc"));
  expect([...fields("ż", Uint8Array.of(7))]).toEqual([0, 0, 0, 2, 0xc5, 0xbc, 0, 0, 0, 1, 7]);
});

test("a key of low order gives no secret", async () => {
  const { secret } = await newKey();
  const v = vectors[0];
  if (!v) throw new Error("no vectors");
  await expect(agreeSecret(exchangeOf(v), secret, new Uint8Array(32))).rejects.toThrow();
});
