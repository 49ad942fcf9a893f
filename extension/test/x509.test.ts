import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCertificate } from "../src/wizard/x509.ts";

const folder = mkdtempSync(join(tmpdir(), "odnowa-x509-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A certificate of the system's openssl (apt: openssl). */
function certificate(...options: string[]): Buffer {
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8"];
  const out = ["-outform", "DER", "-keyout", join(folder, "key.pem")];
  return execFileSync("openssl", [...request, ...options, ...out], { stdio: ["ignore", "pipe", "ignore"] });
}

const der = certificate(
  "-subj", "/C=PL/O=Urząd TEST/CN=Żaneta TESTOWA/serialNumber=PNOPL-00000000000", "-set_serial", "0x80ff01", "-days", "30",
);

test("reads what a person recognises a certificate by", () => {
  const read = readCertificate(der.toString("base64"));
  const name = { organization: "Urząd TEST", commonName: "Żaneta TESTOWA", serialNumber: "PNOPL-00000000000" };
  expect(read).toMatchObject({ subject: name, issuer: name, serialNumber: "80FF01" });
  const days = ((read?.notAfter.getTime() ?? 0) - (read?.notBefore.getTime() ?? 0)) / 86_400_000;
  expect(days).toBe(30);
  expect(Math.abs(Date.now() - (read?.notBefore.getTime() ?? 0))).toBeLessThan(60_000);
});

test("reads times after 2049, which are written otherwise", () => {
  const late = readCertificate(certificate("-subj", "/CN=TEST", "-days", "20000").toString("base64"));
  expect(late?.notAfter.getUTCFullYear()).toBeGreaterThan(2075);
});

test("is undefined for anything that is cut off, and never throws", () => {
  for (let length = 0; length < der.length; length++) {
    expect(readCertificate(der.subarray(0, length).toString("base64"))).toBeUndefined();
  }
  expect(readCertificate("not base64!")).toBeUndefined();
});

test("never throws on changed bytes", () => {
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at);
    readCertificate(changed.toString("base64"));
  }
});
