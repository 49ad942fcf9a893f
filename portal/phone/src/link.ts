// The QR code's content: this app's own address with a 128-bit token in its fragment.

export type LinkFault = "link_other" | "link_site";

/** Reads a scanned or pasted link. A link to another site is never opened. */
export function readLink(text: string, origin: string): { token: string } | { fault: LinkFault } {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return { fault: "link_other" };
  }
  const token = tokenOf(url.hash);
  if (token === undefined) return { fault: "link_other" };
  return url.origin === origin && url.pathname === "/" ? { token } : { fault: "link_site" };
}

export function tokenOf(hash: string): string | undefined {
  return /^#([A-Za-z0-9_-]{22})$/.exec(hash)?.[1];
}
