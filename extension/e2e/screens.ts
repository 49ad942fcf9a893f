// Every screen of preparation, wizard and popup, in both languages: axe-core finds nothing, at a phone's width and in the
// dark neither; nothing is wider than a phone; the focus and the page's title follow.
import type { Page } from "playwright-core";
import type { Screen } from "../src/wizard/steps.ts";
import { openPopup, startPreview, walk, main } from "./preview.ts";
import type { Expectations } from "./preview.ts";
import { tooWide, violations } from "./sdk/axe.ts";

const phone = { width: 360, height: 740 };
const desktop = { width: 1280, height: 900 };

async function looks(e: Expectations, page: Page, name: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize(phone);
  e.equal(`${name}: wider than a phone`, await tooWide(page), 0);
  e.equal(`${name}: axe at a phone's width`, await violations(page), []);
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.setViewportSize(desktop);
  e.equal(`${name}: axe in the dark`, await violations(page), []);
}

/** The page's title says what the screen is. */
async function titled(e: Expectations, page: Page, name: string): Promise<void> {
  if (name.includes("preparation")) return;
  const isTitled = await page.evaluate(() => {
    const wizard = [...(document.querySelector("odnowa-renewal")?.shadowRoot?.children ?? [])].find((child) => child.shadowRoot);
    const heading = wizard?.shadowRoot?.querySelector(".title")?.textContent.trim();
    return heading !== undefined && heading !== "" && document.title.includes(heading);
  });
  e.equal(`${name}: the page's title says it`, isTitled, true);
}

/** Where a step begins, the focus is on its heading; where something failed, on that. */
const focusedOn: Readonly<Record<string, string>> = {
  start: "title", offer: "title", application: "title", withdraw: "title", sign: "title", "sign-waiting": "title", signed: "title",
  phone: "title", review: "title", leaving: "title", issued: "title", activate: "title", "code-missing": "summary error",
  "code-unknown": "summary error", "sign-pin_locked": "summary error", "sign-cancelled": "summary notice", "contact-missing": "summary error",
  "certificate-report": "report",
};

async function focused(e: Expectations, page: Page, name: string): Promise<void> {
  if (!(name in focusedOn)) return;
  const focus = await page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.className;
  });
  e.equal(`${name}: the focus`, focus, focusedOn[name]);
}

async function popup(e: Expectations, language: "pl" | "en"): Promise<void> {
  const preview = await startPreview({ language });
  try {
    const page = await preview.browser.newPage();
    await page.goto(preview.portal.origin);
    await page.getByTestId("preparation-start").waitFor();
    for (const [name, checks, how, want] of [
      ["ready", "", "here", { state: "ready", way: "native", code: null }],
      ["no-card", "card no_card", "here", { state: "not-ready", way: "native", code: null }],
      ["missing", "", "missing", { state: "not-ready", way: "service", code: "agent_missing" }],
      ["forbidden", "", "forbidden", { state: "not-ready", way: "native", code: "agent_forbidden" }],
      ["crashing", "", "crashing", { state: "not-ready", way: "native", code: "agent_crashed" }],
    ] as const) {
      await preview.checks(checks);
      await preview.install(how);
      const shown = await openPopup(page, preview.id, language);
      const state = await shown.getByTestId("popup").getAttribute("data-state");
      const way = await shown.getByTestId("popup-way").getAttribute("data-way");
      const failure = shown.getByTestId("popup-failure");
      const code = (await failure.count()) > 0 ? await failure.getAttribute("data-code") : null;
      e.equal(`popup ${name}`, { state, way, code }, want);
      e.equal(`popup ${name}: the website, as the browser says`, await shown.getByTestId("popup-site").getAttribute("data-origin"), preview.portal.origin);
      e.equal(`popup ${name}: axe`, await violations(shown), []);
      await shown.emulateMedia({ colorScheme: "dark" });
      e.equal(`popup ${name}: axe in the dark`, await violations(shown), []);
      e.equal(`popup ${name}: too wide`, await tooWide(shown), 0);
      await shown.close();
    }
    await page.close();
    const nowhere = await openPopup(await preview.browser.newPage(), preview.id, language);
    await nowhere.getByTestId("popup-no-site").waitFor();
    e.equal("popup without the website: axe", await violations(nowhere), []);
  } finally {
    await preview.stop();
  }
}

const all: readonly Screen[] = [
  "activate", "application", "certificate", "code", "contact", "issued", "issuing", "leaving", "offer", "phone", "review", "sign",
  "signed", "start", "unavailable", "validity", "withdraw",
];

main(async (e) => {
  for (const language of ["pl", "en"] as const) {
    const seen = new Set<string | null>();
    await walk(language, async (page, name) => {
      if (!name.startsWith("preparation")) seen.add(await page.getByTestId("wizard").getAttribute("data-screen"));
      await focused(e, page, name);
      await looks(e, page, `${language} ${name}`);
      await titled(e, page, `${language} ${name}`);
    });
    e.equal("every screen of the wizard was seen", [...seen].sort(), all);
    await popup(e, language);
    console.log(`${language}: ${String(e.passed)} so far`);
  }
});
