// Every failure that the preparation tells apart, in both languages: what it is, what to do, and a button or link
// that does it; axe-core finds nothing at a phone's width, in the light and in the dark. Pictures for people to look at.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { startPreview, type Expectations, type Preview } from "../preview.ts";
import { tooWide, violations } from "./axe.ts";
import { agents, pretend, serve, visitWith } from "./pages.ts";

const pictures = resolve("../build/test-sdk");

/** Code, what helps (test ids of buttons and links), and whether there is a guide. Extension's codes first. */
const failures: readonly (readonly [row: string, code: string, help: readonly string[], guide?: boolean])[] = [
  ["extension", "extension_missing", ["install", "reload"], true],
  ["extension", "extension_outdated", ["install", "reload"]],
  ["extension", "extension_reloaded", ["reload"]],
  ["extension", "page_not_listed", ["support", "report"]],
  ["agent", "agent_missing", ["install"], true],
  ["agent", "agent_forbidden", ["install"], true],
  ["agent", "agent_blocked", ["report"]],
  ["agent", "agent_crashed", []],
  ["agent", "agent_unreachable", []],
  ["agent", "agent_impostor", ["support", "report"]],
  ["agent", "service_stopped", [], true],
  ["agent", "no_session", []],
  ["agent", "not_paired", ["pair"]],
  ["agent", "version_unsupported", ["install"]],
  ["agent", "origin_not_allowed", ["report"]],
  ["agent", "policy_invalid", ["report"]],
];

/** What the agent's own checks and the card's certificates say. */
const checks: readonly (readonly [check: string, row: string, code: string, help: readonly string[], guide?: boolean])[] = [
  ["window", "agent", "window_unavailable", []],
  ["modules", "agent", "no_module", []],
  ["modules", "agent", "module_failed", []],
  ["modules", "agent", "module_slow", []],
  ["modules", "agent", "module_missing", []],
  ["modules", "agent", "module_refused", ["report"]],
  ["reader", "reader", "pcsc_stopped", [], true],
  ["reader", "reader", "no_reader", []],
  ["card", "card", "no_card", []],
];

const element = (language: string) =>
  `<odnowa-renewal lang="${language}" install-url="/install" support-url="mailto:pomoc@ca.example"></odnowa-renewal>
<script type="module" src="/sdk/odnowa.js"></script>`;

class Screens {
  #count = 0;

  constructor(
    private readonly e: Expectations,
    private readonly language: "pl" | "en",
  ) {}

  /** The row has the code, its words, its help; the page is good for everybody. */
  async see(page: Page, name: string, row: string, code: string, help: readonly string[], guide = false): Promise<void> {
    const failed = page.locator(`[data-testid=check-${row}][data-code=${code}]`);
    await failed.waitFor({ timeout: 30_000 });
    const found = await failed.locator("[data-testid^=preparation-]").evaluateAll((all) => all.map((one) => one.getAttribute("data-testid")));
    const wanted = [...help, ...(guide ? ["guide"] : [])].map((id) => `preparation-${id}`);
    this.e.equal(`${name}: help`, found, wanted);
    const said = await failed.locator("[part=cause], [part=cure]").allInnerTexts();
    this.e.equal(`${name}: what happened and what to do`, said.length === 2 && said.every((text) => text.length > 10), true);
    await this.look(page, name);
  }

  offers(name: "edge" | "mac" | "linuxFirefox", links: readonly string[]): void {
    const wanted = { edge: ["/extension-edge", "/agent-windows"], mac: ["/extension-chrome", "/agent-macos"], linuxFirefox: ["/extension-firefox", "/agent-linux"] };
    this.e.equal(`install page for ${name}`, links, wanted[name]);
  }

  async look(page: Page, name: string): Promise<void> {
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.setViewportSize({ width: 360, height: 740 });
    this.e.equal(`${name}: wider than a phone`, await tooWide(page), 0);
    this.e.equal(`${name}: axe at a phone's width`, await violations(page), []);
    const file = (what: string) => join(pictures, `${this.language}-${String(++this.#count).padStart(2, "0")}-${name}-${what}.png`);
    if (this.#count % 4 === 0) await page.screenshot({ path: file("phone"), fullPage: true });
    await page.setViewportSize({ width: 1000, height: 800 });
    await page.screenshot({ path: file("light"), fullPage: true });
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    this.e.equal(`${name}: axe in the dark`, await violations(page), []);
    if (this.#count % 3 === 0) await page.screenshot({ path: file("dark"), fullPage: true });
  }
}

export async function screens(e: Expectations, language: "pl" | "en"): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  const seen = new Screens(e, language);
  await without(seen, language);
  await withExtension(e, seen, language);
}

/** A browser without the extension, and what it may be in other places. */
async function without(seen: Screens, language: "pl" | "en"): Promise<void> {
  const preview = await startPreview({ language, extension: false });
  const { origin } = preview.portal;
  const visit = async (userAgent: string | undefined, code: string, body = element(language)): Promise<Page> => {
    const page = await preview.browser.newPage();
    if (userAgent) await visitWith(page, userAgent);
    await pretend(page, code);
    await page.goto(await serve(page, origin, body));
    return page;
  };
  try {
    for (const [row, code, help, guide] of failures) {
      const page = await visit(undefined, code);
      await seen.see(page, code, row, code, help, guide);
      await page.close();
    }
    const was = await visit(undefined, "extension_missing");
    await was.evaluate(() => localStorage.setItem("odnowa.seen", "yes"));
    await was.reload();
    await seen.see(was, "extension_disabled", "extension", "extension_disabled", ["manage", "install", "reload"], true);
    await was.evaluate(() => localStorage.clear());
    const minimum = element(language).replace("lang=", 'minimum-extension="0.2.0" lang=');
    await seen.see(await visit(undefined, "agent_missing", minimum), "extension_too_old", "extension", "extension_outdated", ["install", "reload"]);
    for (const [name, userAgent] of Object.entries(agents)) {
      const page = await visit(userAgent, "extension_missing");
      if (name === "safari" || name === "phone") await seen.see(page, name, "browser", "browser_unsupported", ["address"]);
      else if (name === "old") await seen.see(page, name, "browser", "browser_outdated", ["reload"], true);
      else await seen.see(page, `guide-${name}`, "extension", "extension_missing", ["install", "reload"], true);
      await page.close();
    }
    await installGuides(seen, preview, language);
  } finally {
    await preview.stop();
  }
}

/** The install page of a CA on an origin of its own, for each browser and system. */
async function installGuides(seen: Screens, preview: Preview, language: "pl" | "en"): Promise<void> {
  const offers = ["extension-chrome", "extension-edge", "extension-firefox", "agent-windows", "agent-macos", "agent-linux"];
  const body = `<odnowa-install without-checks lang="${language}" return-url="/renewal" ${offers.map((name) => `${name}="https://ca.example/${name}"`).join(" ")}></odnowa-install>
<script type="module" src="/sdk/odnowa.js"></script>`;
  for (const name of ["edge", "mac", "linuxFirefox"] as const) {
    const page = await preview.browser.newPage();
    await visitWith(page, agents[name]);
    await page.goto(await serve(page, preview.portal.origin, body));
    await page.getByTestId("preparation-back").waitFor({ timeout: 30_000 });
    const links = await page.getByTestId("preparation-install").evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).pathname));
    seen.offers(name, links);
    await seen.look(page, `install-${name}`);
    await page.close();
  }
}

async function withExtension(e: Expectations, seen: Screens, language: "pl" | "en"): Promise<void> {
  const preview = await startPreview({ language });
  try {
    const page = await preview.browser.newPage();
    await page.goto(await serve(page, preview.portal.origin, element(language)));
    for (const [check, row, code, help, guide] of checks) {
      await preview.checks(`${check} ${code}`);
      await seen.see(page, code, row, code, help, guide);
    }
    await preview.checks("");
    const [card] = preview.some.certificates;
    await preview.checks("certificate no_certificate");
    for (const [reason, code, help] of [
      ["key_type", "no_certificate", ["support"]],
      ["expired", "certificate_expired", ["support", "report"]],
      ["not_yet_valid", "certificate_not_yet_valid", ["support", "report"]],
      ["key_usage", "certificate_key_usage", ["support"]],
    ] as const) {
      await preview.cards({ ...preview.none, refused: [{ reason, reader: "R" }] });
      await seen.see(page, code, "certificate", code, help);
    }
    await preview.checks("");
    await preview.cards({ ...preview.some, certificates: [{ ...card, pin: "locked" }] });
    await seen.see(page, "pin_locked", "certificate", "pin_locked", ["support"]);
    await preview.cards(preview.some);
    await page.getByTestId("preparation-start").waitFor({ timeout: 30_000 });
    await seen.look(page, "ready");
    await page.emulateMedia({ forcedColors: "active" });
    await page.screenshot({ path: join(pictures, `${language}-forced-colours.png`), fullPage: true });
    e.equal("forced colours", await violations(page), []);
  } finally {
    await preview.stop();
  }
}
