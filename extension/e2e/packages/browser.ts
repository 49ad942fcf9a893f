// The CRX in Chromium, installed by an administrator's policy, beside the deb's own files: a page of the
// authority reaches the agent. Run it in namespaces of its own (installer/packages.mk does), as root:
//
//   node browser.mjs --authority DIR --deb DEB --crx CRX --sdk DIR --results DIR
//
// The deb is not installed but laid over /etc and /usr in this process's view of them alone.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import type { DiagnoseResult } from "../../src/bridge/types.gen.ts";
import { run, until } from "../command.ts";
import type { SandboxFile } from "../sandbox.ts";
import { equal } from "./expect.ts";

const names = ["authority", "deb", "crx", "sdk", "results"] as const;
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])) });
const option = (name: (typeof names)[number]): string => {
  const value = values[name];
  if (typeof value !== "string") throw new Error(`--${name} is missing`);
  return value;
};

const sandbox = JSON.parse(readFileSync(join(option("authority"), "sandbox.json"), "utf8")) as SandboxFile;
const { id } = sandbox.extension;
const portal = new URL(sandbox.urls.portal);

/** Lays the deb, and the administrator's policy for Chromium, over this process's /etc and /usr. */
function layOver(): void {
  const files = join(option("results"), "files");
  mkdirSync(option("results"), { recursive: true });
  run("dpkg-deb", ["--extract", option("deb"), files]);
  const policy = join(files, "etc/chromium/policies/managed/odnowa.json");
  mkdirSync(dirname(policy), { recursive: true });
  const installed = { installation_mode: "force_installed", update_url: `${portal.origin}/update.xml` };
  writeFileSync(policy, JSON.stringify({ ExtensionSettings: { "*": { installation_mode: "blocked" }, [id]: installed } }));
  for (const dir of ["/etc", "/usr"]) run("mount", ["-t", "overlay", "overlay", "-o", `lowerdir=${files}${dir}:${dir}`, dir]);
  run("ip", ["link", "set", "lo", "up"]);
}

/** The authority's web server: its page with the SDK, and the extension with what Chromium asks of its updates. */
async function serve(): Promise<Server> {
  const version = /-([\d.]+)\.crx$/.exec(option("crx"))?.[1] ?? "";
  const update = `<?xml version="1.0" encoding="UTF-8"?>
<gupdate xmlns="http://www.google.com/update2/response" protocol="2.0">
  <app appid="${id}"><updatecheck codebase="${portal.origin}/odnowa.crx" version="${version}"/></app>
</gupdate>`;
  const files = new Map<string, [type: string, body: string | Buffer]>([
    ["/update.xml", ["text/xml", update]],
    ["/odnowa.crx", ["application/x-chrome-extension", readFileSync(option("crx"))]],
    ["/odnowa.js", ["text/javascript", readFileSync(join(option("sdk"), "odnowa.js"))]],
    ["/", ["text/html", "<!doctype html><title>TEST</title>"]],
  ]);
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url ?? "/", portal).pathname);
    response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1]);
  });
  await new Promise<void>((listening) => server.listen(Number(portal.port), "127.0.0.1", listening));
  return server;
}

/** Asks the agent as the authority's page would, or gives the code of the failure. */
function diagnose(page: Page): Promise<DiagnoseResult | { code: string }> {
  return page.evaluate(async (sdk) => {
    const { Odnowa } = (await import(sdk)) as { Odnowa: new (options: { language: string }) => { diagnose(): Promise<DiagnoseResult> } };
    try {
      return await new Odnowa({ language: "en" }).diagnose();
    } catch (e) {
      return { code: (e as { code: string }).code };
    }
  }, "/odnowa.js");
}

async function test(): Promise<void> {
  layOver();
  const server = await serve();
  const home = join(option("results"), "home");
  const runtime = join(home, "run");
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const context = await chromium.launchPersistentContext(join(home, "profile"), {
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
    // Of Playwright's own, these two would keep the policy's extension out.
    ignoreDefaultArgs: ["--disable-extensions", "--disable-background-networking"],
    env: { ...(process.env as Record<string, string>), HOME: home, XDG_RUNTIME_DIR: runtime, DISPLAY: ":9" },
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const answer = await until("the extension that the policy installs", 60_000, async () => {
      await page.goto(portal.origin);
      const answer = await diagnose(page);
      return "checks" in answer ? answer : undefined;
    });
    const check = (name: string) => answer.checks.find((c) => c.id === name);
    equal("the page reaches the agent", check("agent")?.state, "ok");
    // Nothing here starts the service, so the agent must refuse to work.
    equal("the agent knows the deb's policy", check("service")?.code, "service_stopped");
  } finally {
    await context.close();
    server.close();
  }
}

test().then(
  () => process.exit(0),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exit(1);
  },
);
