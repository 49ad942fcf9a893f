/** Bytes as the handshake with the agent's service writes them. */

export type Bytes = Uint8Array<ArrayBuffer>;

/** Standard base64. */
export function toBase64(bytes: Bytes): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Reads standard base64 that a parser has let through. */
export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Each field after its length as four bytes, big-endian, so that no two lists give the same bytes. */
export function fields(...list: readonly (string | Bytes)[]): Bytes {
  const parts = list.map((field) => (typeof field === "string" ? new TextEncoder().encode(field) : field));
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  return out;
}
