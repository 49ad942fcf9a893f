/** Addresses that come from outside: attributes of the page, and the query of the install page. */
import type { Row } from "../rows.ts";
import type { Visitor } from "../visitor.ts";

/** The address, where it is one that a link may have: never script. */
export function linkable(text: string | null | undefined): URL | undefined {
  if (!text) return undefined;
  try {
    const url = new URL(text, location.href);
    return ["https:", "http:", "mailto:", "tel:"].includes(url.protocol) ? url : undefined;
  } catch {
    return undefined; // URL.canParse is younger than browsers that have to be told to update
  }
}

/** The install page, told where to lead back to: this page without query and fragment unless the CA says another. */
export function installAddress(element: Element): URL | undefined {
  const url = linkable(element.getAttribute("install-url"));
  if (!url?.protocol.startsWith("http")) return url;
  const target = linkable(element.getAttribute("return-url")) ?? new URL(location.origin + location.pathname);
  url.searchParams.set("return-url", target.origin === url.origin ? target.pathname + target.search : target.href);
  return url;
}

/** On the install page: what the CA offers for this visitor's browser or system (`extension-firefox`, `agent-windows`). */
export function downloadAddress(element: Element, row: Row, { browser, system }: Visitor): URL | undefined {
  return linkable(element.getAttribute(`${row}-${row === "extension" ? browser : system}`));
}

/**
 * Where the install page leads back to. Its query may name this origin or one that the CA lists, so that nobody
 * is led astray by a link that somebody else made.
 */
export function returnAddress(element: Element): URL | undefined {
  const asked = linkable(new URLSearchParams(location.search).get("return-url"));
  const allowed = [location.origin, ...(element.getAttribute("return-origins") ?? "").split(/\s+/)];
  return asked && allowed.includes(asked.origin) ? asked : linkable(element.getAttribute("return-url"));
}
