/**
 * What a person needs to recognise a certificate, read from its DER (RFC 5280 section 4.1). It is
 * shown and nothing else: the portal checks the certificate itself.
 */

export interface CertificateFacts {
  subject: Name;
  issuer: Name;
  /** Hexadecimal, as the CA prints it. */
  serialNumber: string;
  notBefore: Date;
  notAfter: Date;
}

export interface Name {
  commonName?: string;
  organization?: string;
  serialNumber?: string;
}

interface Element {
  tag: number;
  content: Uint8Array;
}

const tagInteger = 0x02;
const tagOid = 0x06;
const tagSequence = 0x30;
const tagSet = 0x31;
const tagVersion = 0xa0;
const tagUtcTime = 0x17;
const tagGeneralizedTime = 0x18;

const attributes: Readonly<Record<string, keyof Name>> = {
  "55 04 03": "commonName", // 2.5.4.3
  "55 04 0a": "organization", // 2.5.4.10
  "55 04 05": "serialNumber", // 2.5.4.5
};

/** Undefined where the DER can't be read. */
export function readCertificate(base64Der: string): CertificateFacts | undefined {
  try {
    return facts(Uint8Array.from(atob(base64Der), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

function facts(der: Uint8Array): CertificateFacts {
  const tbs = inside(first(inside(first(der), tagSequence)), tagSequence);
  const fields = elements(tbs);
  if (fields[0]?.tag === tagVersion) fields.shift();
  const [serial, , issuer, validity, subject] = fields;
  const [notBefore, notAfter] = elements(inside(validity, tagSequence));
  return {
    serialNumber: hex(inside(serial, tagInteger)).replace(/^(00 )+(?=.)/, "").replaceAll(" ", "").toUpperCase(),
    issuer: name(issuer),
    subject: name(subject),
    notBefore: date(notBefore),
    notAfter: date(notAfter),
  };
}

function name(element: Element | undefined): Name {
  const read: Name = {};
  for (const set of elements(inside(element, tagSequence))) {
    for (const pair of elements(inside(set, tagSet))) {
      const [type, value] = elements(inside(pair, tagSequence));
      const attribute = attributes[hex(inside(type, tagOid))];
      if (attribute && value) read[attribute] = text(value);
    }
  }
  return read;
}

function text({ tag, content }: Element): string {
  const encoding = tag === 0x1e ? "utf-16be" : tag === 0x14 ? "latin1" : "utf-8"; // BMPString, TeletexString, others
  return new TextDecoder(encoding, { fatal: true }).decode(content);
}

/** UTCTime and GeneralizedTime in the only forms that RFC 5280 4.1.2.5 allows: seconds, Z. */
function date(element: Element | undefined): Date {
  if (element?.tag !== tagUtcTime && element?.tag !== tagGeneralizedTime) throw new Error("not a time");
  const digits = new TextDecoder().decode(element.content);
  const short = element.tag === tagUtcTime;
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(digits);
  if (!match || digits.length !== (short ? 13 : 15)) throw new Error("not a time");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const century = short ? (year >= 50 ? 1900 : 2000) : 0;
  return new Date(Date.UTC(century + year, month - 1, day, hour, minute, second));
}

function inside(element: Element | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw new Error("unexpected element");
  return element.content;
}

function first(der: Uint8Array): Element {
  const [element] = elements(der);
  if (!element) throw new Error("empty");
  return element;
}

/** Splits DER into its elements; definite lengths of up to three bytes. */
function elements(der: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = byte(der, at);
    let length = byte(der, at + 1);
    let start = at + 2;
    if (length >= 0x80) {
      const bytes = length - 0x80;
      if (bytes === 0 || bytes > 3) throw new Error("unexpected length");
      length = 0;
      for (let i = 0; i < bytes; i++) length = length * 256 + byte(der, start + i);
      start += bytes;
    }
    if (start + length > der.length) throw new Error("cut off");
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function byte(der: Uint8Array, at: number): number {
  const value = der[at];
  if (value === undefined) throw new Error("cut off");
  return value;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (value) => value.toString(16).padStart(2, "0")).join(" ");
}
