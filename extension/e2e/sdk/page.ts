// How the elements live in a page: created before they are known, moved, two of them, with other attributes, under the
// strictest CSP; what they tell; and that the preparation goes on by itself.
import type { Page } from "playwright-core";
import { until } from "../command.ts";
import { startPreview, type Expectations, type Preview } from "../preview.ts";
import { complaints, listen, pretend, serve, told } from "./pages.ts";

const sdk = `<script type="module" src="/sdk/odnowa.js"></script>`;
const one = `<odnowa-renewal lang="en" install-url="/install"></odnowa-renewal>${sdk}`;

const ready = (page: Page) => page.locator("[data-testid=preparation][data-ready=yes]").first().waitFor({ timeout: 30_000 });
const title = (page: Page) => page.locator("odnowa-renewal h2").first().innerText();
const wizard = (page: Page) => page.locator("[data-testid=wizard]").waitFor({ timeout: 30_000 });

async function open(preview: Preview, body: string, scripts: Readonly<Record<string, string>> = {}): Promise<Page> {
  const page = await preview.browser.newPage();
  page.on("pageerror", (error) => console.log("page error:", error.message));
  await listen(page);
  await page.goto(await serve(page, preview.portal.origin, body, scripts));
  return page;
}

export async function inPages(e: Expectations): Promise<void> {
  const preview = await startPreview({ language: "en" });
  try {
    await strictPage(e, preview);
    await createdEarly(e, preview);
    await attributes(e, preview);
    await moved(e, preview);
    await twoElements(e, preview);
    await goesOn(e, preview);
    await focusStays(e, preview);
  } finally {
    await preview.stop();
  }
  await installed(e);
}

async function strictPage(e: Expectations, preview: Preview): Promise<void> {
  const page = await open(preview, one);
  await ready(page);
  await page.getByTestId("preparation-start").click();
  await wizard(page);
  e.equal("a strict CSP has nothing to complain of", await complaints(page), []);
  const steps = await until("the wizard's first step", 30_000, async () => {
    const all = await told(page);
    return all.length > 3 ? all : undefined;
  });
  e.equal("steps are told by name alone", steps, [
    ["odnowa-step", { step: "preparation" }], ["odnowa-step", { step: "ready" }], ["odnowa-open", null], ["odnowa-step", { step: "start" }],
  ]);
  await page.reload();
  await wizard(page);
  e.equal("a reload leads back into the wizard", await page.getByTestId("preparation").isVisible(), false);
  await page.evaluate(() => sessionStorage.clear());
  await page.close();
}

async function createdEarly(e: Expectations, preview: Preview): Promise<void> {
  const early = `const element = document.createElement("odnowa-renewal");
element.lang = "pl"; element.textContent = "Wczytywanie";
document.querySelector("main").append(element);
await new Promise((wait) => setTimeout(wait, 200));
document.title = element.shadowRoot ? "early" : element.textContent;
await import("/sdk/odnowa.js");`;
  const page = await open(preview, `<script type="module" src="/test/early.js"></script>`, { "early.js": early });
  await ready(page);
  e.equal("its own content shows until it is known", await page.title(), "Wczytywanie");
  e.equal("created before it was known", await title(page), "Przygotuj się do odnowienia");
  await page.close();
}

async function attributes(e: Expectations, preview: Preview): Promise<void> {
  await preview.install("missing");
  const page = await open(preview, one);
  const link = page.getByTestId("preparation-install");
  const href = async () => new URL((await link.getAttribute("href", { timeout: 30_000 })) ?? "");
  const to = await href();
  e.equal("install page", [to.pathname, to.searchParams.get("return-url")], ["/install", "/test/page"]);
  await page.locator("odnowa-renewal").evaluate((element) => element.setAttribute("install-url", "https://www.ca.example/get"));
  await page.locator("[data-testid=preparation-install][href^='https://www.ca.example/get']").waitFor();
  e.equal("install page elsewhere", (await href()).searchParams.get("return-url"), `${preview.portal.origin}/test/page`);
  await page.locator("odnowa-renewal").evaluate((element) => element.setAttribute("install-url", "javascript:alert(1)"));
  await link.waitFor({ state: "detached" });
  e.equal("an address that is script is no link", await link.count(), 0);
  await page.locator("odnowa-renewal").evaluate((element) => element.setAttribute("lang", "pl"));
  await page.getByText("Przygotuj się do odnowienia").waitFor();
  e.equal("one panel after all that", await page.getByTestId("preparation").count(), 1);
  await preview.install("here");
  await ready(page);
  await page.locator("odnowa-renewal").evaluate((element) => element.setAttribute("minimum-agent", "9.0"));
  await page.locator("[data-testid=check-agent][data-code=agent_outdated]").waitFor({ timeout: 30_000 });
  await page.close();
}

async function moved(e: Expectations, preview: Preview): Promise<void> {
  const page = await open(preview, `${one}<div id="other"></div>`);
  await ready(page);
  const before = preview.heard().length;
  await page.evaluate(() => document.querySelector("#other")?.append(document.querySelector("odnowa-renewal") ?? ""));
  await ready(page);
  e.equal("moving asks nothing anew", preview.heard().length, before);
  await page.evaluate(() => {
    const element = document.querySelector("odnowa-renewal");
    element?.remove();
    setTimeout(() => document.querySelector("main")?.append(element ?? ""), 100);
  });
  await ready(page);
  e.equal("taken out and put back", await page.getByTestId("preparation").count(), 1);
  await page.getByTestId("preparation-start").click();
  await wizard(page);
  await page.evaluate(() => document.querySelector("#other")?.append(document.querySelector("odnowa-renewal") ?? ""));
  e.equal("moving leaves the wizard open", await page.locator("[data-testid=wizard]").count(), 1);
  await page.evaluate(() => sessionStorage.clear());
  await page.close();
}

async function twoElements(e: Expectations, preview: Preview): Promise<void> {
  const page = await open(preview, `<odnowa-renewal id="a" lang="pl"></odnowa-renewal><odnowa-renewal id="b" lang="en"></odnowa-renewal>${sdk}`);
  await page.locator("#b [data-testid=preparation-start]").click({ timeout: 30_000 });
  await page.locator("#b [data-testid=wizard]").waitFor();
  e.equal("the wizard opens where it was asked for", await page.locator("#a [data-testid=wizard]").count(), 0);
  e.equal("the other shows its preparation", await page.locator("#a h2").innerText(), "Przygotuj się do odnowienia");
  await page.evaluate(() => sessionStorage.clear());
  await page.close();
}

/** Nobody clicks: the agent comes, the card comes, and goes. */
async function goesOn(e: Expectations, preview: Preview): Promise<void> {
  await preview.install("missing");
  await preview.cards(preview.none);
  const page = await open(preview, one);
  const says = (row: string, code: string) => page.locator(`[data-testid=check-${row}][data-code=${code}]`).waitFor({ timeout: 30_000 });
  await says("agent", "agent_missing");
  await preview.install("crashing");
  await says("agent", "agent_crashed");
  await preview.install("here");
  await says("card", "no_card");
  await preview.cards(preview.some);
  await ready(page);
  e.equal("said in the live region", await page.getByRole("status").innerText(), "Everything is ready. You can start.");
  await page.close();
}

/** The list changes below the hands of somebody who uses the keyboard. */
async function focusStays(e: Expectations, preview: Preview): Promise<void> {
  const page = await open(preview, one);
  await ready(page);
  await page.getByTestId("preparation-start").focus();
  await preview.cards(preview.none);
  await page.getByTestId("preparation-check").waitFor({ timeout: 30_000 });
  const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("data-testid"));
  e.equal("focus after the button has changed", await focused(), "preparation-check");
  await page.locator("details.report summary").click();
  await preview.cards(preview.some);
  await ready(page);
  e.equal("opened details stay open", await page.locator("details.report").evaluate((details) => (details as HTMLDetailsElement).open), true);
  const report = await page.locator("pre").innerText();
  e.equal("the report has what support needs", /extension 0\.1\.0, agent 0\.1\.0\nbrowser: ok\n/.test(report), true);
  e.equal("and nothing personal", /TESTOWA|SoftHSM|PNOPL|http/.test(report), false);
  await page.close();
}

/** A browser that the extension is put into while the page is open, and the CA's install page. */
async function installed(e: Expectations): Promise<void> {
  const preview = await startPreview({ language: "en", extension: false });
  const { origin } = preview.portal;
  const page = await preview.browser.newPage();
  try {
    await page.addInitScript(() => {
      const kept = globalThis as unknown as { away: boolean };
      kept.away = false;
      Object.defineProperty(document, "visibilityState", { get: () => (kept.away ? "hidden" : "visible") });
    });
    await preview.browser.route(`${origin}/install*`, (route) => route.fulfill({ contentType: "text/html", body: "<title>Install</title>" }));
    await pretend(page, "extension_missing");
    await page.goto(await serve(page, origin, one));
    const link = page.getByTestId("preparation-install");
    await link.waitFor({ timeout: 30_000 });
    const leave = (away: boolean) =>
      page.evaluate((value) => {
        (globalThis as unknown as { away: boolean }).away = value;
        document.dispatchEvent(new Event("visibilitychange"));
      }, away);
    const loads: string[] = [];
    page.on("load", () => loads.push("load"));
    await leave(true);
    await leave(false);
    await page.waitForTimeout(1_500);
    e.equal("who comes back without having installed anything finds the page as it was", loads.length, 0);
    const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
    e.equal("the install page opens beside", new URL(tab.url()).pathname, "/install");
    await tab.close();
    await leave(true);
    const reloaded = page.waitForEvent("load", { timeout: 30_000 });
    await leave(false);
    await reloaded;
    e.equal("who comes back from installing finds the page anew", loads.length, 1);
    await installPage(e, page, origin);
  } finally {
    await preview.stop();
  }
}

async function installPage(e: Expectations, page: Page, origin: string): Promise<void> {
  await page.unrouteAll();
  const guide = `<odnowa-install lang="en" return-url="/renewal" install-url="https://store.example/x"></odnowa-install>${sdk}`;
  const address = await serve(page, origin, guide);
  await page.goto(`${address}?return-url=${encodeURIComponent("/test/other?x=1")}`);
  await page.locator("[data-testid=check-extension][data-code=extension_missing]").waitFor({ timeout: 30_000 });
  e.equal("rows of the install page", await page.locator("li[data-testid^=check-]").count(), 3);
  await page.evaluate(() => {
    document.addEventListener("odnowa-return", (event) => {
      event.preventDefault();
      document.title = "back";
    });
    // All of it is there now, as far as the page can tell: what the agent says is asked elsewhere.
    (globalThis as unknown as { odnowaCode: string }).odnowaCode = "agent_missing";
  });
  await page.locator("[data-testid=check-agent][data-code=agent_missing]").waitFor({ timeout: 30_000 });
  e.equal("not led back before all is there", await page.title(), "TEST");

  await page.unrouteAll();
  const alone = `<odnowa-install without-checks lang="en" return-url="/renewal" return-origins="https://renew.ca.example"></odnowa-install>${sdk}`;
  await serve(page, origin, alone);
  const back = async (query: string): Promise<string | null> => {
    await page.goto(`${address}?return-url=${encodeURIComponent(query)}`);
    return page.getByTestId("preparation-back").getAttribute("href", { timeout: 30_000 });
  };
  e.equal("back within the origin", await back("/test/other?x=1"), `${origin}/test/other?x=1`);
  e.equal("back to a listed origin", await back("https://renew.ca.example/renewal"), "https://renew.ca.example/renewal");
  for (const bad of ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", "https://renew.ca.example.evil.example/", "data:text/html,x"])
    e.equal(`not back to ${bad}`, await back(bad), `${origin}/renewal`);
  e.equal("two guides at once", await page.getByTestId("preparation-guide").count(), 2);
}
