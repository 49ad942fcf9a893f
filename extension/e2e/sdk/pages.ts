// Pages of an authority as the SDK's tests need them, and an extension that only says what a test wants.
import type { Page } from "playwright-core";

/** As strict as a page of an authority may be: nothing inline, no other origin, no markup from strings. */
export const strict =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

/** Serves a page at the portal's origin, and what it loads; gives its address. */
export async function serve(page: Page, origin: string, body: string, scripts: Readonly<Record<string, string>> = {}): Promise<string> {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>TEST</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
</head><body><main><h1>Renewal TEST</h1>${body}</main></body></html>`;
  await page.route(`${origin}/test/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.replace("/test/", "");
    const script = scripts[name];
    if (name === "page")
      await route.fulfill({ contentType: "text/html", body: html, headers: { "Content-Security-Policy": strict } });
    else if (script !== undefined) await route.fulfill({ contentType: "text/javascript", body: script });
    else await route.fulfill({ status: 404 });
  });
  return `${origin}/test/page`;
}

/** Keeps what the browser complains of, and what the elements tell. */
export async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const kept = globalThis as unknown as { complaints: string[]; told: unknown[] };
    kept.complaints = [];
    kept.told = [];
    document.addEventListener("securitypolicyviolation", (event) => kept.complaints.push(`${event.violatedDirective} ${event.blockedURI}`));
    for (const name of ["odnowa-step", "odnowa-open", "odnowa-close", "odnowa-reload", "odnowa-return"])
      document.addEventListener(name, (event) => {
        kept.told.push([name, (event as CustomEvent).detail]);
      });
  });
}

export const complaints = (page: Page) => page.evaluate(() => (globalThis as unknown as { complaints: string[] }).complaints);
export const told = (page: Page) => page.evaluate(() => (globalThis as unknown as { told: unknown[] }).told);

/** In place of the extension: answers the handshake and ends each connection with the code that `odnowaCode` holds. */
export async function pretend(page: Page, code: string, version = "0.1.0"): Promise<void> {
  await page.addInitScript(
    ({ code: first, version: extension }) => {
      const kept = globalThis as unknown as { odnowaCode: string };
      kept.odnowaCode = first;
      window.addEventListener("message", ({ source, data, ports }: MessageEvent<{ type?: string }>) => {
        const [port] = ports;
        if (source !== window || data.type !== "odnowa.connect" || !port || kept.odnowaCode === "extension_missing") return;
        port.onmessage = () => port.postMessage({ jsonrpc: "2.0", method: "extension.closed", params: { code: kept.odnowaCode } });
        port.postMessage({ type: "odnowa.ready", version: kept.odnowaCode === "extension_outdated" ? 0 : 1, extension, resume: false });
      });
    },
    { code, version },
  );
}

export const windows = {
  chrome: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  old: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
  edge: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
  firefox: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0",
};
export const agents = {
  ...windows,
  mac: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  safari: "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
  phone: "Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/20.0 Mobile/15E148 Safari/604.1",
  linuxFirefox: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
};

/** Another browser and system, as far as the page can tell. */
export async function visitWith(page: Page, userAgent: string): Promise<void> {
  await page.addInitScript((text) => Object.defineProperty(navigator, "userAgent", { get: () => text }), userAgent);
  if (userAgent === agents.old) await page.addInitScript(() => (CSS.supports = () => false));
}
