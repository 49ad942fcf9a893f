// The preparation against the real agent, in Chromium and in Firefox at once. Each failure is provoked for real and seen in
// both: the card taken out; its software missing, broken, open to everybody or slow; the service stopped; versions too old; the
// host's manifest taken away, for another extension, its program crashing; the extension switched off. Each time it goes on by
// itself. FAULTS.md says what only Chromium can show.
import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";
import { chromiumHost, executablePath, quiet } from "./browsers.ts";
import { run } from "./command.ts";
import { firefoxHost, openFirefox } from "./firefox.ts";
import { main, type Expectations } from "./preview.ts";
import { Report } from "./report.ts";
import { Sandbox } from "./sandbox.ts";
import type { Customer, Tab } from "./tab.ts";

const results = resolve("../build/test-preparation");
const patienceMs = 30_000;

/** The preparation in one browser. */
class Preparation {
  readonly #report: Report;

  constructor(
    private readonly e: Expectations,
    readonly browser: "chromium" | "firefox",
    readonly page: Tab,
    pictures: string = browser,
  ) {
    this.#report = new Report(join(results, "pictures", pictures));
  }

  /** The row says this by itself, with words and what helps. */
  async says(what: string, row: string, code: string): Promise<void> {
    const found = `[data-testid=check-${row}][data-code=${code}]`;
    await this.page.locator(found).waitFor({ timeout: patienceMs }).catch(async () => {
      throw new Error(`${this.browser}, ${what}: the page says ${await this.page.getByTestId("preparation").innerText()}`);
    });
    for (const part of ["cause", "cure"]) {
      const words = await this.page.locator(`${found} [part=${part}]`).innerText();
      this.e.equal(`${this.browser}, ${what}: ${part}`, words.length > 10, true);
    }
    await this.picture(what.replaceAll(" ", "-"));
    console.log(`  ${this.browser}, ${what}: ${code}`);
  }

  async picture(name: string): Promise<void> {
    await this.#report.page(this.page, name);
  }

  async ready(): Promise<void> {
    await this.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: patienceMs }).catch(async () => {
      throw new Error(`${this.browser}, all mended: the page says ${await this.page.getByTestId("preparation").innerText()}`);
    });
  }

  /** The person comes back to the page. */
  async comeBack(): Promise<void> {
    await this.page.locator("odnowa-renewal").evaluate(() => window.dispatchEvent(new Event("focus")));
  }
}

/** All browsers do the same. */
type Together = (work: (p: Preparation) => Promise<void>) => Promise<void>;

/** Takes a file or folder away; what it gives puts it back. */
function take(path: string, away = `${path}.away`): () => void {
  renameSync(path, away);
  return () => renameSync(away, path);
}

/** SoftHSM keeps a token in a folder; without it there is a reader with nothing in it. */
function takeCard(sandbox: Sandbox): () => void {
  const tokens = join(sandbox.file.dir, "card/tokens");
  const [token = ""] = readdirSync(tokens);
  return take(join(tokens, token), join(sandbox.file.dir, "card/away"));
}

async function cardAndService(sandbox: Sandbox, all: Together): Promise<void> {
  const putBack = takeCard(sandbox);
  await all((p) => p.says("card taken out", "card", "no_card"));
  putBack();
  await all((p) => p.ready());

  await sandbox.processes.stop("agent-service");
  await all((p) => p.comeBack());
  await all((p) => p.says("service stopped", "agent", "service_stopped"));
  await sandbox.start("agent-service");
  await all((p) => p.ready());
}

/** The card's software, by the policy, which counts at the next request. */
async function software(sandbox: Sandbox, all: Together): Promise<void> {
  const file = sandbox.file.agent.policy;
  const kept = readFileSync(file, "utf8");
  const broken = join(sandbox.file.dir, "agent/broken.so");
  writeFileSync(broken, "no library");
  const policy = (modules: readonly object[], more: object = {}) =>
    JSON.stringify({ ...(JSON.parse(kept) as object), modules: modules.map((module) => ({ name: "the card's", userWritable: true, ...module })), ...more });
  for (const [what, text, code] of [
    ["card software missing", policy([{ path: `${broken}.absent` }]), "module_missing"],
    ["card software broken", policy([{ path: broken }]), "module_failed"],
    ["no card software", policy([], { discoverModules: false }), "no_module"],
    ["card software that anybody can change", policy([{ path: broken, userWritable: false }]), "module_refused"],
  ] as const) {
    writeFileSync(file, text);
    await all((p) => p.comeBack());
    await all((p) => p.says(what, "agent", code));
  }
  writeFileSync(file, kept);
  await all((p) => p.comeBack());
  await all((p) => p.ready());
  await slowSoftware(sandbox, all, kept);
}

/** The module that misbehaves to order takes longer over its readers than the agent waits, and has the card when it is done. */
async function slowSoftware(sandbox: Sandbox, all: Together, kept: string): Promise<void> {
  const path = (name: string) => join(sandbox.file.dir, "agent", name);
  run("gcc", ["-shared", "-fPIC", "-w", "-o", path("slow.so"), "../agent/card/cardtest/testdata/hostile.c"]);
  writeFileSync(path("slow.der"), new X509Certificate(readFileSync(sandbox.file.card.qualified)).raw);
  writeFileSync(path("slow"), "");
  const env = ["HOSTILE=C_GetSlotList=sleep:8000", `HOSTILE_IF=${path("slow")}`, `HOSTILE_CERT=${path("slow.der")}`];
  const { modules, ...policy } = JSON.parse(kept) as { modules: object[] };
  const slow = { name: "slow", path: path("slow.so"), userWritable: true, env };
  const putBack = takeCard(sandbox);
  writeFileSync(sandbox.file.agent.policy, JSON.stringify({ ...policy, modules: [slow, ...modules] }));
  await all((p) => p.comeBack());
  await all((p) => p.says("card software slow", "agent", "module_slow"));
  rmSync(path("slow"));
  await all((p) => p.ready());
  putBack();
  writeFileSync(sandbox.file.agent.policy, kept);
  await all((p) => p.comeBack());
  await all((p) => p.ready());
}

/** A page that wants newer versions than there are. */
async function outdated(all: Together): Promise<void> {
  await all(async (p) => {
    const element = p.page.locator("odnowa-renewal");
    await element.evaluate((e) => e.setAttribute("minimum-agent", "99.0.0"));
    await p.says("agent outdated", "agent", "agent_outdated");
    await element.evaluate((e) => e.removeAttribute("minimum-agent"));
    await p.ready();
    await element.evaluate((e) => e.setAttribute("minimum-extension", "99.0.0"));
    await p.says("extension outdated", "extension", "extension_outdated");
    await element.evaluate((e) => e.removeAttribute("minimum-extension"));
    await p.ready();
  });
}

interface Manifest {
  allowed_origins?: readonly string[];
  allowed_extensions?: readonly string[];
}

/** The hosts' manifests, and with them the way to the agent; the WebSocket is not paired. */
async function host(sandbox: Sandbox, all: Together, address: string, manifests: readonly string[]): Promise<void> {
  const crashing = join(sandbox.file.dir, "crashing.sh");
  writeFileSync(crashing, "#!/bin/sh\nhead -c 4 >/dev/null\nexit 1\n"); // one that was never spoken to has another word
  chmodSync(crashing, 0o755);
  const forOthers = ({ allowed_origins }: Manifest) =>
    allowed_origins ? { allowed_origins: ["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"] } : { allowed_extensions: ["other@odnowa.example"] };
  for (const [what, codes, change] of [
    // Firefox says no more than that there is no such program, and that it is gone.
    ["agent not for this extension", { chromium: "agent_forbidden", firefox: "not_paired" }, forOthers],
    ["agent crashing", { chromium: "agent_crashed", firefox: "agent_unreachable" }, () => ({ path: crashing })],
  ] as const) {
    const kept = manifests.map((file) => readFileSync(file, "utf8"));
    for (const [i, file] of manifests.entries()) {
      const manifest = JSON.parse(kept[i]!) as Manifest;
      writeFileSync(file, JSON.stringify({ ...manifest, ...change(manifest) }));
    }
    await all((p) => p.page.goto(address).then(() => p.says(what, "agent", codes[p.browser])));
    for (const [i, file] of manifests.entries()) writeFileSync(file, kept[i]!);
    await all((p) => p.ready());
  }

  const putBack = manifests.map((file) => take(file));
  await all((p) => p.page.goto(address).then(() => p.says("agent not registered", "agent", "not_paired")));
  await sandbox.processes.stop("agent-service");
  await all((p) => p.says("agent not installed", "agent", "agent_missing"));
  await sandbox.start("agent-service");
  for (const put of putBack) put();
  await all((p) => p.ready());
}

/** The portal's install page: who comes to read may stay, who was sent is led back. */
async function installPage(e: Expectations, p: Preparation, page: Page, portal: string): Promise<void> {
  await page.goto(`${portal}/instalacja`);
  await p.ready();
  e.equal("the install page in Polish", await page.locator("odnowa-install h2").innerText(), "Zainstaluj to na tym komputerze");
  await p.picture("install");
  await page.setViewportSize({ width: 360, height: 740 });
  await p.picture("install-phone");
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.waitForTimeout(1_000);
  e.equal("who comes to read may stay", new URL(page.url()).pathname, "/instalacja");
  await page.goto(`${portal}/install?return-url=${encodeURIComponent("/renewal")}`);
  await page.waitForURL(`${portal}/renewal`, { timeout: 20_000 });
  await p.ready();
  await p.picture("back-from-installing");
}

/** Chromium without the extension. */
async function bareChromium(profile: string): Promise<Customer> {
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...quiet], locale: "en-GB", viewport: { width: 1100, height: 900 } });
  return { context, page: await context.newPage() };
}

/** The same profile without the extension, as after it was switched off or removed; then one that never had it. */
async function withoutExtension(e: Expectations, browser: Preparation["browser"], address: string, open: (profile: string) => Promise<Customer>): Promise<void> {
  for (const [what, profile, code] of [
    ["extension switched off", browser, "extension_disabled"],
    ["extension never there", `${browser}-new`, "extension_missing"],
  ] as const) {
    const { context, page } = await open(profile);
    try {
      await page.goto(address);
      await new Preparation(e, browser, page, `${browser}-without`).says(what, "extension", code);
    } finally {
      await context.close();
    }
  }
}

main(async (e) => {
  const sandbox = await Sandbox.open(results);
  const { file, desktop } = sandbox;
  const address = `${file.urls.portal}/renewal`;
  const at = (...path: string[]) => join(file.dir, ...path);
  const open: Customer[] = [];
  try {
    const [chromium, firefox] = [await sandbox.computer("en-GB", "chromium"), await sandbox.firefox("en-GB", "firefox")];
    open.push(chromium, firefox);
    const inChromium = new Preparation(e, "chromium", chromium.page);
    const both = [inChromium, new Preparation(e, "firefox", firefox.page)];
    const all: Together = async (work) => void (await Promise.all(both.map(work)));
    await all((p) => p.page.goto(address).then(() => p.ready()));

    await cardAndService(sandbox, all);
    await software(sandbox, all);
    await outdated(all);
    await host(sandbox, all, address, [at("chromium", chromiumHost), at("firefox", firefoxHost)]);
    await installPage(e, inChromium, chromium.page, file.urls.portal);
    for (const { context } of open.splice(0)) await context.close();
    await withoutExtension(e, "chromium", address, (profile) => bareChromium(at(profile)));
    await withoutExtension(e, "firefox", address, (profile) =>
      openFirefox({ home: at(profile), extension: undefined, hostManifest: undefined, desktop, env: sandbox.agentEnv, language: "en-GB" }));
  } finally {
    for (const { context } of open) await context.close();
    await sandbox.close();
  }
});
