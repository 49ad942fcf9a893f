// The preparation against the real agent, each failure provoked for real: the host's manifest taken away, the
// service stopped, the card taken out, its software missing or broken, versions too old, the extension switched off; and each time it goes on by itself.
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";
import { executablePath, quiet } from "./browsers.ts";
import { main, type Expectations } from "./preview.ts";
import { Report } from "./report.ts";
import { Sandbox } from "./sandbox.ts";

const results = resolve("../build/test-preparation");

class Preparation {
  readonly #report = new Report(join(results, "pictures"));

  constructor(
    private readonly e: Expectations,
    private readonly page: Page,
  ) {}

  /** The row says this by itself, with words and what helps. */
  async says(what: string, row: string, code: string): Promise<void> {
    const found = this.page.locator(`[data-testid=check-${row}][data-code=${code}]`);
    await found.waitFor({ timeout: 30_000 }).catch(async () => {
      throw new Error(`${what}: the page says ${await this.page.locator("[part=report]").innerText()}`);
    });
    this.e.equal(`${what}: cause and cure`, (await found.locator("[part=cause], [part=cure]").allInnerTexts()).length, 2);
    await this.#report.page(this.page, what.replaceAll(" ", "-"));
    console.log(`  ${what}: ${code}`);
  }

  async picture(name: string): Promise<void> {
    await this.#report.page(this.page, name);
  }

  async ready(): Promise<void> {
    await this.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: 30_000 });
  }
}

/** Takes a file or folder away; what it gives puts it back. */
function take(path: string, away = `${path}.away`): () => void {
  renameSync(path, away);
  return () => renameSync(away, path);
}

interface Policy {
  readonly modules: readonly object[];
}

const withModule = (policy: Policy, path: string): Policy => ({ ...policy, modules: [{ name: "the card's", path, userWritable: true }] });

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

/** The same profile without the extension, as after it was switched off or removed; then one that never had it. */
async function withoutExtension(e: Expectations, profile: string, address: string): Promise<void> {
  for (const [what, folder, code] of [
    ["extension switched off", profile, "extension_disabled"],
    ["extension never there", `${profile}-new`, "extension_missing"],
  ] as const) {
    const context = await chromium.launchPersistentContext(folder, { executablePath, args: [...quiet], locale: "en-GB", viewport: { width: 1100, height: 900 } });
    try {
      const page = await context.newPage();
      await page.goto(address);
      await new Preparation(e, page).says(what, "extension", code);
    } finally {
      await context.close();
    }
  }
}

main(async (e) => {
  const sandbox = await Sandbox.open(results);
  try {
    const { context, page } = await sandbox.computer("en-GB", "preparation");
    const p = new Preparation(e, page);
    await page.goto(`${sandbox.file.urls.portal}/renewal`);
    await p.ready();

    // SoftHSM keeps a token in a folder; without it there is a reader with nothing in it.
    const tokens = join(sandbox.file.dir, "card/tokens");
    const [token = ""] = readdirSync(tokens);
    const putBack = take(join(tokens, token), join(sandbox.file.dir, "card/away"));
    await p.says("card taken out", "card", "no_card");
    putBack();
    await p.ready();

    await sandbox.processes.stop("agent-service");
    await page.getByTestId("preparation").waitFor();
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await p.says("service stopped", "agent", "service_stopped");
    await sandbox.start("agent-service");
    await p.ready();

    // The card's software, by the policy, which counts at the next request.
    const policyFile = join(sandbox.file.dir, "agent/policy.json");
    const policy = readFileSync(policyFile, "utf8");
    const broken = join(sandbox.file.dir, "agent/broken.so");
    writeFileSync(broken, "no library");
    for (const [what, path, code] of [
      ["card software missing", `${broken}.absent`, "module_missing"],
      ["card software broken", broken, "module_failed"],
    ] as const) {
      writeFileSync(policyFile, JSON.stringify(withModule(JSON.parse(policy) as Policy, path)));
      await page.evaluate(() => window.dispatchEvent(new Event("focus")));
      await p.says(what, "agent", code);
    }
    writeFileSync(policyFile, policy);
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await p.ready();

    // A page that wants newer versions than there are.
    for (const [attribute, row] of [["minimum-agent", "agent"], ["minimum-extension", "extension"]] as const) {
      const element = page.locator("odnowa-renewal");
      await element.evaluate((e, name) => e.setAttribute(name, "99.0.0"), attribute);
      await p.says(`${row} outdated`, row, `${row}_outdated`);
      await element.evaluate((e, name) => e.removeAttribute(name), attribute);
      await p.ready();
    }

    // The host's manifest, and with it the way to the agent; the WebSocket is not paired.
    const manifest = take(join(sandbox.file.dir, "preparation/NativeMessagingHosts/pl.odnowa.agent.json"));
    await page.reload();
    await p.says("agent not registered", "agent", "not_paired");
    await sandbox.processes.stop("agent-service");
    await p.says("agent not installed", "agent", "agent_missing");
    await sandbox.start("agent-service");
    manifest();
    await p.ready();
    await installPage(e, p, page, sandbox.file.urls.portal);
    await context.close();
    await withoutExtension(e, join(sandbox.file.dir, "preparation"), `${sandbox.file.urls.portal}/renewal`);
  } finally {
    await sandbox.close();
  }
});
