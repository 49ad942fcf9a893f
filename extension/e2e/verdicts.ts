// Checks of the results by programs that have nothing to do with the project.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, outcome, run } from "./command.ts";

export interface Verdict {
  readonly tool: string;
  readonly question: string;
  readonly good: boolean;
  readonly text: string;
}

export interface Results {
  /** Where verdicts may write. */
  readonly dir: string;
  readonly root: string;
  readonly issuing: string;
  readonly signedPDF: string;
  readonly confirmation: string;
  readonly confirmationCMS: string;
  readonly certificate: string;
  readonly portalProgram: string;
  /** Where the authority answers OCSP requests. */
  readonly ocsp: string;
}

export function verdict(tool: string, question: string, o: Outcome, ...wanted: readonly string[]): Verdict {
  const missing = wanted.filter((w) => !o.text.includes(w));
  const good = missing.length === 0 && (wanted.length > 0 || o.ok);
  return { tool, question, good, text: good ? (wanted[0] ?? "OK") : `missing "${missing.join('", "')}" in: ${o.text}` };
}

/** Splits a signed PDF into the signature and the bytes it covers (ISO 32000-1 12.8.1). */
export function split(pdf: Buffer): { cms: Buffer; content: Buffer } {
  const m = /\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/.exec(pdf.toString("latin1"));
  if (!m) throw new Error("the PDF has no ByteRange");
  const [from, length, after, rest] = m.slice(1).map(Number) as [number, number, number, number];
  if (from !== 0 || after + rest !== pdf.length) throw new Error("the ByteRange does not cover the file");
  const hex = pdf.subarray(length + 1, after - 1).toString("latin1");
  const padded = Buffer.from(hex, "hex");
  // The placeholder is larger than the signature: DER says how long it is.
  const lengthBytes = padded[1]! & 0x7f;
  const cmsLength = padded[1]! & 0x80 ? 2 + lengthBytes + padded.readUIntBE(2, lengthBytes) : 2 + lengthBytes;
  return { cms: padded.subarray(0, cmsLength), content: Buffer.concat([pdf.subarray(0, length), pdf.subarray(after)]) };
}

/** Verifies a detached signature under the test authority. */
export function cmsVerify(signature: string, signed: string, root: string, issuing: string): Outcome {
  const files = ["-in", signature, "-content", signed, "-CAfile", root, "-certfile", issuing, "-out", "/dev/null"];
  return outcome("openssl", ["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any", ...files]);
}

/** Asks every tool. */
export function verdicts(r: Results): Verdict[] {
  const file = (name: string) => join(r.dir, name);
  const { cms, content } = split(readFileSync(r.signedPDF));
  writeFileSync(file("application.cms"), cms);
  writeFileSync(file("application.tbs"), content);
  const verifyCMS = (signature: string, signed: string) => cmsVerify(signature, signed, r.root, r.issuing);

  const nss = file("nss");
  rmSync(nss, { recursive: true, force: true });
  mkdirSync(nss);
  run("certutil", ["-N", "-d", `sql:${nss}`, "--empty-password"]);
  run("certutil", ["-A", "-d", `sql:${nss}`, "-n", "root", "-t", "CT,C,C", "-i", r.root]);

  const tampered = file("tampered.tbs");
  const changed = Buffer.from(content);
  changed[changed.length >> 1]! ^= 1;
  writeFileSync(tampered, changed);
  const refusal = verifyCMS(file("application.cms"), tampered);

  const pdfsig = outcome("pdfsig", ["-no-ocsp", "-nssdir", nss, r.signedPDF]);
  const policy = (oid: string) =>
    outcome("openssl", ["verify", "-CAfile", r.root, "-untrusted", r.issuing, "-explicit_policy", "-policy", oid, r.certificate]);
  const verifyPolicy = policy("0.4.0.194112.1.2");
  const otherPolicy = policy("0.4.0.194112.1.0");

  const list = [
    verdict(
      "openssl cms -verify -cades",
      "signature of the application",
      verifyCMS(file("application.cms"), file("application.tbs")),
      "CAdES Verification successful",
    ),
    {
      tool: "openssl cms -verify -cades",
      question: "the same over a changed application is refused",
      good: !refusal.ok,
      text: refusal.ok ? "accepted a changed document" : "refused",
    },
    verdict("pdfsig", "signature in the PDF", pdfsig, "Signature is Valid", "Total document signed", "ETSI.CAdES.detached"),
    verdict(
      "qpdf --check",
      "the PDF itself",
      outcome("qpdf", ["--check", r.signedPDF]),
      "No syntax or stream encoding errors found",
    ),
    verdict(
      "openssl cms -verify -cades",
      "signature of the confirmation",
      verifyCMS(r.confirmationCMS, r.confirmation),
      "CAdES Verification successful",
    ),
    verdict("openssl verify -explicit_policy", "the new certificate under QCP-n-qscd", verifyPolicy, `${r.certificate}: OK`),
    {
      tool: "openssl verify -explicit_policy",
      question: "the new certificate under QCP-n is refused",
      good: !otherPolicy.ok,
      text: otherPolicy.ok ? "accepted" : "refused",
    },
    verdict(
      "openssl ocsp",
      "the authority's answer about the new certificate",
      outcome("openssl", ["ocsp", "-issuer", r.issuing, "-cert", r.certificate, "-url", r.ocsp, "-CAfile", r.root]),
      `${r.certificate}: good`,
      "Response verify OK",
    ),
    verdict("zlint", "the profile of the new certificate", outcome(r.portalProgram, ["lint", r.certificate])),
  ];
  return list;
}

export function mustExist(...paths: readonly string[]): void {
  const missing = paths.filter((p) => !existsSync(p));
  if (missing.length > 0) throw new Error(`not made: ${missing.join(", ")}`);
}
