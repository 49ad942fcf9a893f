// CRX3, Chromium's signed form of an extension: magic, version, header, and the zip as it is.
// Source: Chromium, components/crx_file/crx3.proto and crx_creator.cc.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

/** A protobuf field of wire type 2: key, length, bytes. */
function field(number, bytes) {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(n) {
  const out = [];
  for (; n > 0x7f; n = Math.floor(n / 128)) out.push((n % 128) | 0x80);
  return Buffer.from([...out, n]);
}

function uint32(n) {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(n);
  return out;
}

/** The public half of a PEM key, DER SubjectPublicKeyInfo. */
export function publicKey(pem) {
  return createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "der" });
}

/** Signs a zip with the extension's RSA key (PEM). The signature is PKCS#1 v1.5, so the same input gives the same bytes. */
export function crx(zip, pem) {
  const key = publicKey(pem);
  const id = createHash("sha256").update(key).digest().subarray(0, 16);
  const signedHeaderData = field(1, id); // SignedData.crx_id
  const signed = Buffer.concat([Buffer.from("CRX3 SignedData\0"), uint32(signedHeaderData.length), signedHeaderData, zip]);
  const proof = Buffer.concat([field(1, key), field(2, sign("sha256", signed, createPrivateKey(pem)))]);
  // CrxFileHeader: sha256_with_rsa = 2, signed_header_data = 10000.
  const header = Buffer.concat([field(2, proof), field(10000, signedHeaderData)]);
  return Buffer.concat([Buffer.from("Cr24"), uint32(3), uint32(header.length), header, zip]);
}
