// Bytes as text, and the few hashes and random bytes that everything needs.

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (s: string): Bytes => new TextEncoder().encode(s);

export function concat(...parts: Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Standard base64, as Go's encoding/json writes and reads []byte. */
export function base64(b: Bytes): string {
  return btoa(Array.from(b, (x) => String.fromCharCode(x)).join(""));
}

export function fromBase64(s: string): Bytes {
  return Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
}

/** base64url without padding (RFC 7515 section 2). */
export function base64url(b: Bytes): string {
  return base64(b).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function sha256(b: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", b));
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}
