// Firefox as the customer's computer, over WebDriver BiDi. Its home is a folder of the sandbox, where
// it finds the native messaging host of the person, so that the system stays as it is.
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { launch, type Browser, type ElementHandle, type Page } from "puppeteer-core";
import { until } from "./command.ts";
import type { Desktop } from "./desktop.ts";
import type { Customer, Part, Saved, Tab, Wait } from "./tab.ts";

const executablePath = "/usr/bin/firefox-esr";
const patienceMs = 20_000;

/** Where Firefox looks for the agent's host, below its home. */
export const firefoxHost = ".mozilla/native-messaging-hosts/pl.odnowa.agent.json";

/** Starts Firefox, with the extension or without; without a host's manifest, it can't start the agent. */
export async function openFirefox(options: {
  home: string;
  extension: string | undefined;
  hostManifest: string | undefined;
  desktop: Desktop;
  env: Readonly<Record<string, string>>;
  language?: string;
}): Promise<Customer> {
  const host = join(options.home, firefoxHost);
  const downloads = join(options.home, "downloads");
  for (const dir of [dirname(host), downloads]) mkdirSync(dir, { recursive: true });
  if (options.hostManifest !== undefined) writeFileSync(host, options.hostManifest);
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: !options.desktop.visible,
    userDataDir: join(options.home, "profile"),
    env: { ...process.env, ...options.desktop.env, ...options.env, HOME: options.home, XDG_CONFIG_HOME: undefined },
    defaultViewport: null,
    extraPrefsFirefox: {
      "intl.accept_languages": options.language ?? "pl-PL",
      "browser.download.folderList": 2,
      "browser.download.dir": downloads,
      "browser.download.alwaysOpenPanel": false,
    },
  });
  try {
    if (options.extension !== undefined) await browser.installExtension(options.extension);
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    await page.setViewport({ width: 1100, height: 900 });
    return { page: new FirefoxTab(browser, page, downloads), context: { close: () => browser.close() } };
  } catch (e) {
    await browser.close();
    throw e;
  }
}

class FirefoxTab implements Tab {
  constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly downloads: string,
  ) {}

  async goto(url: string): Promise<void> {
    await this.page.goto(url);
  }

  getByTestId(id: string): Part {
    return new FirefoxPart(this.page, `[data-testid="${id}"]`);
  }

  locator(selector: string): Part {
    return new FirefoxPart(this.page, selector);
  }

  async screenshot(options: { path: string; fullPage?: boolean }): Promise<void> {
    await this.page.screenshot({ path: options.path as `${string}.png`, fullPage: options.fullPage ?? false });
  }

  /** The next file that appears in the folder for downloads. */
  async waitForEvent(_: "download"): Promise<Saved> {
    const before = new Set(readdirSync(this.downloads));
    const name = await until("a download", patienceMs, () => {
      const fresh = readdirSync(this.downloads).filter((entry) => !before.has(entry));
      // Firefox reserves the name first and writes into a file beside it.
      const [done] = fresh.some((entry) => entry.endsWith(".part")) ? [] : fresh;
      return done !== undefined && statSync(join(this.downloads, done)).size > 0 ? done : undefined;
    });
    return { saveAs: async (path) => copyFileSync(join(this.downloads, name), path) };
  }

  context(): { waitForEvent(event: "page"): Promise<{ close(): Promise<void> }> } {
    return {
      waitForEvent: async () => {
        const before = new Set(await this.browser.pages());
        const opened = await until("a new tab", patienceMs, async () => (await this.browser.pages()).find((page) => !before.has(page)));
        return { close: () => opened.close() };
      },
    };
  }
}

/** Runs in the page: the first element of the selector, shown on the screen, also inside open shadow roots. */
function find(selector: string): Element | undefined {
  const roots: (Document | ShadowRoot)[] = [document];
  for (let root = roots.shift(); root; root = roots.shift()) {
    for (const element of root.querySelectorAll(selector)) if (element.getClientRects().length > 0) return element;
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) roots.push(element.shadowRoot);
  }
  return undefined;
}

class FirefoxPart implements Part {
  constructor(
    private readonly page: Page,
    private readonly selector: string,
  ) {}

  async #element(wait?: Wait): Promise<ElementHandle<HTMLElement>> {
    return until(this.selector, wait?.timeout ?? patienceMs, async () => {
      const handle = await this.page.evaluateHandle(find, this.selector);
      return (handle.asElement() as ElementHandle<HTMLElement> | null) ?? undefined;
    });
  }

  async waitFor(wait?: Wait): Promise<void> {
    await this.#element(wait);
  }

  /** The person comes back to this tab first: Firefox opens each PDF that it saves in another, in front. */
  async #reach(wait?: Wait): Promise<ElementHandle<HTMLInputElement>> {
    const element = await this.#element(wait);
    await this.page.bringToFront();
    return element as unknown as ElementHandle<HTMLInputElement>;
  }

  async click(): Promise<void> {
    await (await this.#reach()).click();
  }

  async fill(text: string): Promise<void> {
    const element = await this.#reach();
    await element.evaluate((input) => {
      input.focus();
      input.select();
    });
    if (text === "") await element.press("Backspace");
    else await element.type(text);
  }

  async check(wait?: Wait): Promise<void> {
    const element = await this.#reach(wait);
    if (!(await element.evaluate((input) => input.checked))) await element.click();
  }

  async getAttribute(name: string, wait?: Wait): Promise<string | null> {
    return (await this.#element(wait)).evaluate((element, attribute) => element.getAttribute(attribute), name);
  }

  async innerText(wait?: Wait): Promise<string> {
    return (await this.#element(wait)).evaluate((element) => element.innerText);
  }

  async inputValue(): Promise<string> {
    return ((await this.#element()) as unknown as ElementHandle<HTMLInputElement>).evaluate((input) => input.value);
  }

  async screenshot(): Promise<Uint8Array> {
    return (await this.#element()).screenshot();
  }

  async evaluate<E extends HTMLElement>(work: (element: E) => unknown): Promise<unknown> {
    return ((await this.#element()) as unknown as ElementHandle<E>).evaluate(work);
  }

  first(): Part {
    return this;
  }
}
