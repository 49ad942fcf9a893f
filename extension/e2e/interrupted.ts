// The wizard cut off in every way that a browser and a computer know: the worker stopped, the page loaded anew or left, the
// computer asleep, the extension or the agent replaced, two tabs. Nothing is lost, and nothing is left behind.
import type { Page } from "playwright-core";
import { until } from "./command.ts";
import { main, startPreview } from "./preview.ts";
import type { Expectations, Preview } from "./preview.ts";

/** One tab with the wizard in it. */
class Tab {
  constructor(
    readonly preview: Preview,
    readonly page: Page,
  ) {
    page.setDefaultTimeout(15_000);
  }

  at = (test: string) => this.page.getByTestId(test);
  press = (test: string) => this.at(test).click();
  screen = (name: string) => this.page.locator(`[data-testid=wizard][data-screen=${name}][data-busy=no]`).waitFor();
  waits = () => this.page.locator("[data-progress=waiting_for_pin]").waitFor();

  async failed(): Promise<string | null> {
    const summary = this.page.locator("[data-testid=error-summary], [data-testid=cards-failure]").first();
    await summary.waitFor();
    return summary.getAttribute("data-code");
  }

  async enter(): Promise<void> {
    await this.page.goto(this.preview.portal.origin);
    await this.press("preparation-start");
    await this.screen("start");
  }

  /** From the start to the choice of the certificate. */
  async toCertificate(): Promise<void> {
    await this.enter();
    await this.press("start-renew");
    await this.at("code-input").fill("TEST-1234");
    await this.press("code-next");
    await this.screen("offer");
    await this.press("offer-next");
    await this.at("start-now").check();
    await this.press("validity-next");
    await this.screen("certificate");
    await this.at("certificate-choice").waitFor();
  }

  async toSign(): Promise<void> {
    await this.press("certificate-next");
    await this.screen("application");
    await this.at("terms-accept").check();
    await this.press("application-next");
    await this.screen("sign");
  }
}

const open = async (preview: Preview) => new Tab(preview, await preview.browser.newPage());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The agents that the browser has started and that still run. */
const alive = (preview: Preview) => [...new Set(preview.heard().map(({ pid }) => pid))].filter(isAlive);

/** The signatures whose window closed because the browser went away. */
const closed = (preview: Preview) => preview.heard().filter(({ method }) => method === "closed").length;

/** Stops the extension's service worker, as a browser does that wants memory. */
async function stopWorker(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  let running = "";
  cdp.on("ServiceWorker.workerVersionUpdated", ({ versions }) => (running = versions.at(-1)?.runningStatus ?? running));
  await cdp.send("ServiceWorker.enable");
  await until("the worker to be known", 5000, () => running === "running" || undefined);
  await cdp.send("ServiceWorker.stopAllWorkers");
  await until("the worker to stop", 5000, () => running !== "running" || undefined);
  await cdp.detach();
}

/** Stops the worker from a page of the extension. */
async function stop(preview: Preview): Promise<void> {
  const extension = await preview.browser.newPage();
  await extension.goto(`chrome-extension://${preview.id}/popup.html`);
  await extension.locator("[data-testid=popup]:not([data-state=looking])").waitFor();
  await stopWorker(extension);
  await extension.close();
}

/** How often the list was asked for. */
const lists = (preview: Preview) => preview.heard().filter(({ method }) => method === "certificates.list").length;

async function workerStopped(e: Expectations, tab: Tab): Promise<void> {
  const { preview } = tab;
  const asked = lists(preview);
  await stop(preview);
  await until("the list to be asked for again", 10_000, () => lists(preview) > asked || undefined);
  await tab.at("certificate-choice").waitFor();
  e.equal("worker stopped at the list of certificates: the list comes again by itself", await tab.at("cards-failure").count(), 0);
  await stop(preview);
  e.equal("stopped again at once: that is told", await tab.failed(), "agent_unreachable");
  await tab.press("cure-retry");
  await tab.at("certificate-choice").waitFor();
  await tab.toSign();
  const before = closed(preview);
  await tab.press("sign");
  await tab.waits();
  await stop(preview);
  e.equal("worker stopped while the window is open", await tab.failed(), "agent_unreachable");
  await until("the window to close", 5000, () => closed(preview) > before || undefined);
  e.equal("the window closes", closed(preview), before + 1);
  await tab.screen("sign");
}

async function pageGone(e: Expectations, tab: Tab): Promise<void> {
  const { preview, page } = tab;
  for (const [name, go, back] of [
    ["loaded anew", () => page.reload(), () => Promise.resolve(null)],
    ["left by the back button", () => page.goBack(), () => page.goForward()],
    ["left for another page", () => page.goto("about:blank"), () => page.goBack()],
  ] as const) {
    const before = closed(preview);
    await tab.press("sign");
    await tab.waits();
    await go();
    await until("the window to close", 5000, () => closed(preview) > before || undefined);
    e.equal(`page ${name} while the window is open: the window closes`, closed(preview), before + 1);
    await back();
    await tab.screen("sign");
    e.equal(`page ${name}: back at the step`, await tab.at("heading").innerText(), "Sign the application with the card");
  }
}

async function asleep(e: Expectations, tab: Tab): Promise<void> {
  const { preview, page } = tab;
  await tab.press("sign");
  await tab.waits();
  await preview.sign("ok");
  await tab.screen("signed");
  await tab.press("signed-next");
  await tab.screen("phone");
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  preview.portal.dropWatchers(); // what a network does that was away
  preview.portal.phone("ready");
  await new Promise((over) => setTimeout(over, 1000));
  await cdp.send("Page.setWebLifecycleState", { state: "active" });
  await tab.at("phone-next").waitFor();
  e.equal("after a sleep the screen is where the renewal is", await tab.at("phone-state").getAttribute("data-phone"), "ready");
  await cdp.detach();
}

async function twoTabs(e: Expectations, tab: Tab): Promise<void> {
  const second = await open(tab.preview);
  await second.enter();
  await second.press("start-resume");
  await second.screen("phone");
  await tab.press("phone-next");
  await tab.at("contact-email").fill("zaneta@test.example");
  await tab.at("contact-phone").fill("600 100 200");
  await tab.press("contact-next");
  await tab.screen("review");
  await second.screen("phone");
  await tab.press("review-sign");
  await tab.waits();
  await tab.preview.sign("ok");
  await tab.screen("issued");
  await second.screen("issued");
  e.equal("two tabs: the other one follows by itself", await second.at("heading").innerText(), "The certificate is issued");
  await second.page.close();
}

async function agentReplaced(e: Expectations, tab: Tab): Promise<void> {
  const { preview } = tab;
  const { certificates } = preview.some;
  await preview.cards({ ...preview.some, certificates: [{ ...certificates[0], reader: "Old reader" }] });
  await tab.page.getByText("Old reader").first().waitFor();
  await preview.install("missing"); // as an update does for a moment
  await preview.install("here");
  for (const pid of alive(preview)) process.kill(pid);
  await preview.cards({ ...preview.some, certificates: [{ ...certificates[0], reader: "New reader" }] });
  await tab.page.getByText("New reader").first().waitFor();
  e.equal("agent replaced at the list: the new one is asked by itself", await tab.at("cards-failure").count(), 0);
  await tab.toSign();
  for (const pid of alive(preview)) process.kill(pid);
  await tab.press("sign");
  await tab.waits();
  e.equal("agent replaced between two steps: the next one starts it", await tab.at("sign-progress").count(), 1);
  for (const pid of alive(preview)) process.kill(pid, "SIGKILL");
  e.equal("agent killed while its window is open", await tab.failed(), "agent_crashed");
}

async function extensionReplaced(e: Expectations, tab: Tab): Promise<void> {
  const { preview, page } = tab;
  const popup = await preview.browser.newPage();
  await popup.goto(`chrome-extension://${preview.id}/popup.html`);
  await popup.evaluate(() => (globalThis as unknown as { chrome: { runtime: { reload(): void } } }).chrome.runtime.reload()).catch(() => undefined);
  await until("the extension to be back", 15_000, () =>
    preview.browser.newPage().then(async (probe) => {
      const back = await probe.goto(`chrome-extension://${preview.id}/popup.html`).then(() => true, () => undefined);
      await probe.close();
      return back;
    }));
  await tab.press("sign");
  // The failure of before may still be there for a moment.
  const failed = await until("the failure", 10_000, async () => ((await tab.failed()) === "extension_reloaded" ? "extension_reloaded" : undefined));
  e.equal("extension replaced", failed, "extension_reloaded");
  await tab.press("cure-reload");
  await page.waitForLoadState();
  await tab.screen("sign");
  e.equal("extension replaced: back at the step after a reload", await tab.at("wizard").getAttribute("data-screen"), "sign");
}

/** Nothing runs, and nothing is kept, once the person has finished. */
async function finished(e: Expectations, tab: Tab): Promise<void> {
  const { preview, page } = tab;
  await tab.press("language");
  e.equal("switched to Polish", await tab.at("heading").innerText(), "Certyfikat jest wydany");
  await tab.press("issued-finish");
  await tab.at("preparation").waitFor();
  const kept = await page.evaluate(() => ({ session: Object.keys(sessionStorage), local: Object.keys(localStorage), title: document.title }));
  // The word by which the SDK tells an extension that was switched off from one that never was there.
  e.equal("finished: nothing is kept of the renewal, the page's title is its own", kept, { session: [], local: ["odnowa.seen"], title: "Odnowa: preview" });
  const [worker] = preview.browser.serviceWorkers();
  const stored = await worker?.evaluate(() =>
    (globalThis as unknown as { chrome: { storage: { local: { get(): Promise<object> } } } }).chrome.storage.local.get());
  e.equal("finished: nothing is kept in the extension", stored, {});
  await page.close();
  await until("the agents to end", 5000, () => alive(preview).length === 0 || undefined);
  e.equal("page closed: no agent runs on", alive(preview), []);
}

main(async (e) => {
  const preview = await startPreview({ language: "en" });
  try {
    const tab = await open(preview);
    await tab.toCertificate();
    await workerStopped(e, tab);
    await pageGone(e, tab);
    await asleep(e, tab);
    await twoTabs(e, tab);
    await finished(e, tab);
    preview.portal.forget();
    const other = await open(preview);
    await other.toCertificate();
    await agentReplaced(e, other);
    await extensionReplaced(e, other);
  } finally {
    await preview.stop();
  }
});
