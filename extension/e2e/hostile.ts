// Hostile pages in a real Chromium with the extension as people get it: on a listed site, in frames, on other origins. What
// reaches the agent is written down by the preview's host; nothing of this may.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { main, startPreview } from "./preview.ts";
import type { Expectations, Preview } from "./preview.ts";

/** A website that is none of the CA's; its page frames what the query says. */
async function otherSite(): Promise<{ origin: string; stop(): void }> {
  const server = createServer((request, response) => {
    const framed = new URL(request.url ?? "/", "http://other").searchParams.get("frame");
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(`<!doctype html><title>other</title><odnowa-renewal></odnowa-renewal>${framed ? `<iframe src="${framed}"></iframe>` : ""}`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://other.localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Hands a port over as the SDK does, to this window or its parent; gives what comes back on it within half a second. */
function handshake(parent: string): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
    setTimeout(() => resolve("nothing"), 500);
  });
  const [target, origin] = parent ? [window.parent, parent] : [window, location.origin];
  target.postMessage({ type: "odnowa.connect", versions: [1] }, origin, [port2]);
  return answer;
}

/** Sends requests on a port of its own; gives what comes up to the first answer or refusal and a while after, and why the port ended. */
async function ask(all: { requests: readonly unknown[]; isAnswered: boolean; waitMs: number }): Promise<{ codes: string[]; answers: number; closed: string }> {
  const { requests, isAnswered, waitMs } = all;
  const { port1, port2 } = new MessageChannel();
  const told = { codes: [] as string[], answers: 0, closed: "" };
  let come: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (come = resolve));
  const ready = new Promise<void>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<{ type?: string; method?: string; params?: { code: string }; error?: { data: { code: string } } }>) => {
      if (data.type === "odnowa.ready") resolve();
      else if (data.method === "extension.closed") told.closed = data.params?.code ?? "";
      else if (data.error) told.codes.push(data.error.data.code);
      else told.answers += 1;
      if (isAnswered ? told.answers > 0 : told.codes.length > 0) come();
    };
  });
  window.postMessage({ type: "odnowa.connect", versions: [1] }, location.origin, [port2]);
  await ready;
  for (const request of requests) port1.postMessage(request);
  await Promise.race([begun, new Promise((over) => setTimeout(over, 30_000))]);
  await new Promise((over) => setTimeout(over, waitMs));
  port1.postMessage({ jsonrpc: "2.0", method: "extension.closed", params: { code: "agent_unreachable" } });
  port1.close();
  return told;
}

/** Only what came to the agent since. */
function since(preview: Preview): () => ReturnType<Preview["heard"]> {
  const before = preview.heard().length;
  return () => preview.heard().slice(before);
}

const request = (method: string, params: object, id = method) => ({ jsonrpc: "2.0", id, method, params });

async function otherOrigins(e: Expectations, preview: Preview, page: Page, other: string): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const worlds: string[] = [];
  cdp.on("Runtime.executionContextCreated", ({ context }) => worlds.push(context.name));
  await cdp.send("Runtime.enable");
  await page.goto(preview.portal.origin);
  await page.getByTestId("preparation-start").waitFor();
  e.equal("the CA's page: the extension is there", worlds.filter((name) => name.includes("Odnowa")).length, 1);
  worlds.length = 0;
  await page.goto(other);
  const heard = since(preview); // the CA's page has asked before, and is gone
  e.equal("another origin: nothing of the extension is there", worlds.filter((name) => name.includes("Odnowa")), []);
  e.equal("another origin: nobody takes the port", await page.evaluate(handshake, ""), "nothing");
  const ports = await page.evaluate((id) => {
    const { runtime } = (globalThis as unknown as { chrome: { runtime?: { connect(id: string): unknown } } }).chrome;
    if (!runtime) return "no runtime";
    runtime.connect(id);
    return "connected";
  }, preview.id).catch(() => "refused");
  e.equal("another origin: it can't speak to the extension", ports === "connected", false);
  const file = await page.evaluate((url) => fetch(url).then(() => "read", () => "refused"), `chrome-extension://${preview.id}/popup.html`);
  e.equal("another origin: it can't read the extension's files", file, "refused");
  await page.goto(`${other}/?frame=${encodeURIComponent(preview.portal.origin)}`);
  const framed = page.frames()[1];
  e.equal("the CA's page in another's frame: nobody takes the port", await framed?.evaluate(handshake, ""), "nothing");
  e.equal("nothing reached the agent", heard(), []);
}

async function frames(e: Expectations, preview: Preview, page: Page, other: string): Promise<void> {
  await page.goto(preview.portal.origin);
  await page.getByTestId("preparation-start").waitFor();
  const heard = since(preview);
  for (const [name, url] of [["of another origin", other], ["of the same origin", preview.portal.origin]] as const) {
    await page.evaluate((src) => {
      const frame = document.createElement("iframe");
      frame.src = src;
      frame.name = src;
      document.body.append(frame);
      return new Promise((loaded) => (frame.onload = loaded));
    }, url);
    const frame = page.frame({ name: url });
    e.equal(`a frame ${name} hands its port to the page`, await frame?.evaluate(handshake, preview.portal.origin), "nothing");
  }
  e.equal("frames: nothing reached the agent", heard().filter(({ method }) => method === "signature.create" || method === "certificates.list"), []);
}

async function forged(e: Expectations, preview: Preview, page: Page): Promise<void> {
  await page.goto(preview.portal.origin);
  await page.getByTestId("preparation-start").waitFor();
  const heard = since(preview);
  const other = "https://other.example";
  const hello = request("agent.hello", { client: { name: "forged", version: "9" }, versions: [9], origin: other });
  const messages = [
    hello,
    request("certificates.list", { filter: {}, Origin: other }),
    request("rsign.steal", {}),
    [request("agent.diagnose", {})],
    { ...request("agent.diagnose", {}), id: 7 },
    "agent.diagnose",
    null,
  ];
  const told = await page.evaluate(ask, { requests: messages, isAnswered: true, waitMs: 500 });
  // The channel's own reader takes no request from what is none; each has its answer or is dropped.
  e.equal("forged requests are refused", [told.answers, told.codes.every((code) => code === "invalid_request"), told.codes.length > 0], [1, true, true]);
  e.equal("what reached the agent is named by the browser", heard().map(({ method, params }) => [method, params["origin"], params["client"]]), [
    ["agent.hello", preview.portal.origin, { name: "odnowa-extension", version: "0.1.0" }],
  ]);
}

async function floods(e: Expectations, preview: Preview, page: Page): Promise<void> {
  await page.goto(preview.portal.origin);
  await page.getByTestId("preparation-start").waitFor();
  const heard = since(preview);
  const flood = Array.from({ length: 500 }, (_, i) => request("signature.create", { certificateId: "x", format: "pades" }, `f${i}`));
  const told = await page.evaluate(ask, { requests: flood, isAnswered: false, waitMs: 1500 });
  e.equal("500 signatures asked for at once: the rest is refused", [...new Set(told.codes)].includes("rate_limited"), true);
  e.equal("and at most 32 reach the agent", heard().filter(({ method }) => method === "signature.create").length <= 32, true);

  const ports = await page.evaluate(async () => {
    let taken = 0;
    const kept: MessagePort[] = [];
    for (let i = 0; i < 60; i++) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }: MessageEvent<{ type: string }>) => {
        if (data.type === "odnowa.ready") taken++;
      };
      kept.push(port1);
      window.postMessage({ type: "odnowa.connect", versions: [1] }, location.origin, [port2]);
    }
    await new Promise((over) => setTimeout(over, 500));
    for (const port of kept) port.postMessage({ jsonrpc: "2.0", method: "extension.closed", params: { code: "agent_unreachable" } });
    return taken;
  });
  e.equal("60 ports handed over: a bounded number is taken", ports <= 16, true);
  await page.waitForTimeout(300);
  const twice = await page.evaluate(() => {
    const { port2 } = new MessageChannel();
    const message = { type: "odnowa.connect", versions: [1] };
    window.postMessage(message, location.origin, [port2]);
    try {
      window.postMessage(message, location.origin, [port2]);
      return "taken";
    } catch (thrown) {
      return (thrown as Error).name;
    }
  });
  e.equal("a port handed over twice", twice, "DataCloneError");
  e.equal("after all that the page is served", (await page.evaluate(ask, { requests: [request("agent.hello", { client: {}, versions: [1] })], isAnswered: true, waitMs: 0 })).answers, 1);

  const big = since(preview);
  const huge = await page.evaluate(async () => {
    const { port1, port2 } = new MessageChannel();
    const told: string[] = [];
    port1.onmessage = ({ data }: MessageEvent<{ method?: string; error?: { data: { code: string } } }>) => {
      if (data.method === "extension.closed") told.push("closed");
      if (data.error) told.push(data.error.data.code);
    };
    window.postMessage({ type: "odnowa.connect", versions: [1] }, location.origin, [port2]);
    port1.postMessage({ jsonrpc: "2.0", id: "1", method: "signature.create", params: { seal: "x".repeat(30 << 20) } });
    const loop: Record<string, unknown> = {};
    loop["filter"] = loop;
    await new Promise((over) => setTimeout(over, 3000));
    port1.postMessage({ jsonrpc: "2.0", id: "2", method: "certificates.list", params: loop });
    await new Promise((over) => setTimeout(over, 1000));
    return told;
  });
  e.equal("huge: refused", huge[0], "invalid_request");
  e.equal("huge and cyclic: nothing reaches the agent", big().map(({ method }) => method).filter((method) => method === "signature.create" || method === "certificates.list"), []);
}

/** A page that has bent the language before the wizard opens. */
async function bent(e: Expectations, preview: Preview): Promise<void> {
  const page = await preview.browser.newPage();
  await page.addInitScript(() => {
    const seen: unknown[] = [];
    Object.assign(globalThis, { seen });
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown) {
      seen.push(message);
      post.call(this, message);
    } as typeof post;
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit) {
      return attach.call(this, { ...init, mode: "open" });
    };
    Object.defineProperty(Object.prototype, "origin", { get: () => "https://other.example", configurable: true });
    Array.prototype.map = () => [];
  });
  await page.goto(preview.portal.origin);
  await page.waitForTimeout(1500);
  const seen = await page.evaluate(() => {
    const hosts = [...(document.querySelector("odnowa-renewal")?.shadowRoot?.children ?? [])];
    return { words: JSON.stringify((globalThis as unknown as { seen: unknown[] }).seen), open: hosts.some((host) => host.shadowRoot !== null) };
  });
  e.equal("a page with bent prototypes sees only what the SDK says", /certificates\.list|signature/.test(seen.words), false);
  e.equal("nor into the wizard", seen.open, false);
  await page.close();
}

main(async (e) => {
  const preview = await startPreview({ language: "en", open: false });
  const other = await otherSite();
  try {
    const page = await preview.browser.newPage();
    page.setDefaultTimeout(15_000);
    await otherOrigins(e, preview, page, other.origin);
    await frames(e, preview, page, other.origin);
    await forged(e, preview, page);
    await floods(e, preview, page);
    await bent(e, preview);
  } finally {
    other.stop();
    await preview.stop();
  }
});
