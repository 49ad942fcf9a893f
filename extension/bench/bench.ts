// What the way from a page to the agent costs, and what the extension costs pages. Real Chromium, real extension, the agent's
// host and session as on a customer's computer; a raw echo by native messaging, measured in the same run, is what
// the browser alone costs. Prints a table; fails where a limit is passed.
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { deflateRawSync } from "node:zlib";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { quiet } from "../e2e/browsers.ts";
import { loadTimes, smallPage } from "../e2e/loads.ts";
import { Sandbox } from "../e2e/sandbox.ts";

const calls = 2_000;
const warmUp = 200;
const loads = 40;

interface Times {
  median: number;
  p95: number;
}

interface Row {
  what: string;
  value: string;
  ratio?: string;
  limit?: string;
  over?: boolean;
}

const rows: Row[] = [];
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const at = (values: readonly number[], part: number) => sorted(values)[Math.floor(values.length * part)] ?? NaN;
const times = (values: readonly number[]): Times => ({ median: at(values, 0.5), p95: at(values, 0.95) });
const ms = (value: number) => `${value.toFixed(2)} ms`;
const kb = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

/** A host that gives back every frame as it came: what comes in is what goes out, so that cat is one. */
async function rawEcho(context: BrowserContext, profile: string, extension: string): Promise<Times> {
  const host = join(profile, "echo.sh");
  writeFileSync(host, "#!/bin/sh\nexec cat\n");
  chmodSync(host, 0o755);
  const manifest = { name: "pl.odnowa.echo", description: "echo", path: host, type: "stdio", allowed_origins: [`chrome-extension://${extension}/`] };
  writeFileSync(join(profile, "NativeMessagingHosts/pl.odnowa.echo.json"), JSON.stringify(manifest));
  const [worker] = context.serviceWorkers();
  if (!worker) throw new Error("the extension has no worker");
  const values = await worker.evaluate(
    async ({ calls, warmUp }) => {
      const port = chrome.runtime.connectNative("pl.odnowa.echo");
      const message = { jsonrpc: "2.0", id: "0".repeat(36), method: "request.cancel", params: { requestId: "none", origin: location.origin } };
      const taken: number[] = [];
      for (let call = 0; call < calls + warmUp; call++) {
        const begun = performance.now();
        await new Promise<void>((answered) => {
          const heard = () => {
            port.onMessage.removeListener(heard);
            answered();
          };
          port.onMessage.addListener(heard);
          port.postMessage(message);
        });
        if (call >= warmUp) taken.push(performance.now() - begun);
      }
      port.disconnect();
      return taken;
    },
    { calls, warmUp },
  );
  return times(values);
}

/** From the page through content script, worker, host and session, and back, on an open port. No card has a part in it. */
async function pageToAgent(page: Page): Promise<Times> {
  const values = await page.evaluate(
    async ({ calls, warmUp }) => {
      const { port1: port, port2 } = new MessageChannel();
      const ask = (message: object) =>
        new Promise<{ result?: unknown }>((answered) => {
          port.onmessage = ({ data }: MessageEvent<{ result?: unknown }>) => answered(data);
          port.postMessage(message);
        });
      const ready = new Promise((answered) => (port.onmessage = answered));
      window.postMessage({ type: "odnowa.connect", versions: [1] }, location.origin, [port2]);
      await ready;
      const request = (id: number, method: string, params: object) => ({ jsonrpc: "2.0", id: String(id), method, params });
      const hello = await ask(request(0, "agent.hello", { client: { name: "", version: "" }, versions: [1], language: "en" }));
      if (!hello.result) throw new Error(`no agent: ${JSON.stringify(hello)}`);
      const taken: number[] = [];
      for (let call = 1; call <= calls + warmUp; call++) {
        const begun = performance.now();
        const { result } = await ask(request(call, "request.cancel", { requestId: "none" }));
        if (!result) throw new Error("the agent refused");
        if (call > warmUp) taken.push(performance.now() - begun);
      }
      return taken;
    },
    { calls, warmUp },
  );
  return times(values);
}

async function pageLoads(withExtension: Page, sandbox: Sandbox): Promise<void> {
  const other = await smallPage();
  // The same browser in all but the extension.
  const without = await chromium.launchPersistentContext(join(sandbox.file.dir, "without"), {
    executablePath: "/usr/bin/chromium", headless: !sandbox.desktop.visible, args: quiet, ignoreDefaultArgs: ["--disable-extensions"],
    env: { ...(process.env as Record<string, string>), ...sandbox.desktop.env }, viewport: { width: 1100, height: 900 },
  });
  try {
    const bare = without.pages()[0] ?? (await without.newPage());
    for (const [what, url, limit] of [
      ["page of the authority", `${sandbox.file.urls.portal}/terms`, 30],
      ["page of another origin", `http://other.localhost:${other.port}/`, 3],
    ] as const) {
      const taken = await loadTimes([withExtension, bare].map((page) => ({ page, url })), loads);
      const [own = NaN, plain = NaN] = taken.map((values) => times(values).median);
      rows.push({ what: `load of a ${what}, without the extension`, value: ms(plain) });
      rows.push({ what: "  with it", value: ms(own), ratio: `${own >= plain ? "+" : ""}${ms(own - plain)}`, limit: `+${limit} ms`, over: own - plain > limit });
    }
  } finally {
    await without.close();
    other.stop();
  }
}

function packages(extension: string): void {
  const files = readdirSync(extension, { recursive: true, encoding: "utf8" }).map((name) => join(extension, name)).filter((path) => statSync(path).isFile());
  const packed = files.reduce((sum, path) => sum + deflateRawSync(readFileSync(path), { level: 9 }).length, 0);
  const plain = files.reduce((sum, path) => sum + statSync(path).size, 0);
  rows.push({ what: "extension, as it is", value: kb(plain) });
  rows.push({ what: "  packed", value: kb(packed), ratio: (packed / plain).toFixed(2), limit: "100 KB", over: packed > 100 * 1024 });
  const sdk = (...names: string[]) => names.reduce((sum, name) => sum + statSync(resolve("dist/sdk", name)).size, 0);
  rows.push({ what: "SDK: odnowa.js, minified", value: kb(sdk("odnowa.js")), limit: "12 KB", over: sdk("odnowa.js") > 12 * 1024 });
  rows.push({ what: "  and what an element fetches, with one language", value: kb(sdk("checks.js", "preparation.js", "texts.pl.js")) });
}

function print(): boolean {
  const columns = ["what", "value", "ratio", "limit"] as const;
  const table = [Object.fromEntries(columns.map((name) => [name, name])) as unknown as Row, ...rows];
  const widths = columns.map((name) => Math.max(...table.map((row) => (row[name] ?? "").length)));
  for (const row of table) {
    const line = columns.map((name, index) => (index === 0 ? (row[name] ?? "").padEnd(widths[index] ?? 0) : (row[name] ?? "").padStart(widths[index] ?? 0)));
    console.log(`${line.join("  ")}${row.over ? "  OVER" : ""}`);
  }
  return !rows.some(({ over }) => over);
}

async function bench(): Promise<boolean> {
  const sandbox = await Sandbox.open(resolve("../build/bench-extension"));
  try {
    const { context, page } = await sandbox.computer("en-GB", "bench");
    await page.goto(`${sandbox.file.urls.portal}/terms`);
    const echo = await rawEcho(context, join(sandbox.file.dir, "bench"), sandbox.file.extension.id);
    const agent = await pageToAgent(page);
    const again = await rawEcho(context, join(sandbox.file.dir, "bench"), sandbox.file.extension.id);
    const raw = { median: Math.min(echo.median, again.median), p95: Math.min(echo.p95, again.p95) };
    rows.push({ what: `raw native messaging echo, worker to cat, median of ${calls}`, value: ms(raw.median) });
    rows.push({ what: "  95 in 100", value: ms(raw.p95) });
    const ratio = `${(agent.median / raw.median).toFixed(1)} x`;
    rows.push({ what: "page to agent's session and back, median", value: ms(agent.median), ratio, limit: "1.60 ms", over: agent.median > 1.6 });
    rows.push({ what: "  95 in 100", value: ms(agent.p95), ratio: `${(agent.p95 / raw.p95).toFixed(1)} x` });
    await pageLoads(page, sandbox);
    packages(join(sandbox.file.dir, "built/extension"));
    await context.close();
  } finally {
    await sandbox.close();
  }
  return print();
}

bench().then(
  (good) => process.exit(good ? 0 : 1),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exit(1);
  },
);
