// Looks at everything that a browser is told and shows: the portal's answers, its events, and the
// page with its shadow roots.
import type { BrowserContext, Page } from "playwright-core";
import type { Secret } from "./privacy.ts";

/** Collects where a secret was told or shown, until it is read. */
export class Discreet {
  readonly #found = new Set<string>();
  readonly #reading = new Set<Promise<void>>();
  #answers = 0;

  constructor(private readonly secrets: readonly Secret[]) {}

  /** Listens to a page from now on. */
  async listen(context: BrowserContext, page: Page): Promise<void> {
    page.on("response", (response) => {
      const url = new URL(response.url());
      if (!url.pathname.startsWith("/api/") || url.pathname.endsWith("/events")) return;
      const reading = response.text().then(
        (text) => this.#look(url.pathname, text),
        () => undefined, // an answer without a body, or cut off
      );
      this.#reading.add(reading);
    });
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    session.on("Network.eventSourceMessageReceived", ({ data }) => this.#look("event", data));
  }

  /** Looks at what the page shows now. */
  async look(page: Page, screen: string): Promise<void> {
    this.#look(`screen ${screen}`, await page.evaluate(shown));
  }

  /** What was found so far: the name of the secret and the place. */
  async found(): Promise<string> {
    await Promise.all(this.#reading);
    if (this.#answers < 3) throw new Error("nothing was listened to");
    return [...this.#found].join(", ");
  }

  #look(where: string, text: string): void {
    this.#answers += 1;
    for (const { name, value } of this.secrets) {
      if (text.toLowerCase().includes(value.toLowerCase())) this.#found.add(`${name} in ${where}`);
    }
  }
}

/** All text of the page, and what stands in its fields. Runs in the page. */
function shown(): string {
  const texts: string[] = [];
  const visit = (root: Document | ShadowRoot): void => {
    texts.push(root instanceof Document ? root.documentElement.outerHTML : root.innerHTML);
    for (const element of Array.from(root.querySelectorAll("*"))) {
      if (element instanceof HTMLInputElement) texts.push(element.value);
      if (element.shadowRoot) visit(element.shadowRoot);
    }
  };
  visit(document);
  return texts.join("\n");
}
