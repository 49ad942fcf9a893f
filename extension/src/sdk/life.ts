/**
 * What an element does while it is on a page: the preparation, drawn anew with its attributes, and the wizard of the
 * extension in its place. A file of its own in the package (preparation.js), fetched when an element is on a page.
 */
import type { Client } from "../bridge/client.ts";
import { elementName, wizardClosed, wizardOpen, wizardStep, wizardStepped } from "../bridge/page.ts";
import type { PreparationElement, Shared } from "./element.ts";
import type { Odnowa } from "./odnowa.ts";
import { Preparation } from "./preparation.ts";

const openTimeoutMs = 5_000;

export class Life {
  readonly #element: PreparationElement;
  readonly #root: ShadowRoot;
  readonly #shared: Shared;
  #odnowa: Odnowa | undefined;
  #drawn: Preparation | undefined;
  #wizard: Client | undefined;
  #ended = false;

  constructor(element: PreparationElement, root: ShadowRoot, shared: Shared) {
    this.#element = element;
    this.#root = root;
    this.#shared = shared;
    void this.#begin();
  }

  check(): void {
    void this.#drawn?.check();
  }

  /** Drawn with the attributes as they are now; an open wizard is not disturbed. */
  anew(): void {
    if (this.#wizard) return;
    this.#stop();
    void this.#begin();
  }

  end(): void {
    this.#ended = true;
    this.#stop();
    this.#wizard?.close();
  }

  async open(): Promise<void> {
    if (this.#wizard || this.#element.installs) return;
    const { Client, pageTransport } = this.#shared;
    const client: Client = new Client(pageTransport(), () => this.#closed(client));
    this.#wizard = client;
    client.on(wizardClosed, () => client.close());
    client.on(wizardStep, (params) => this.#element.tell("odnowa-step", wizardStepped(params)));
    // Where a page has several elements, the extension takes the one that says so.
    this.#element.toggleAttribute("opening", true);
    try {
      await client.call(wizardOpen, {}, () => true, openTimeoutMs).result;
      this.#drawn?.hide();
      this.#odnowa?.close(); // the wizard has a connection of its own
      this.#element.tell("odnowa-open");
    } catch {
      client.close();
    } finally {
      this.#element.toggleAttribute("opening", false);
    }
  }

  async #begin(): Promise<void> {
    const element = this.#element;
    const [minimumAgent, minimumExtension] = ["minimum-agent", "minimum-extension"].map((name) => element.getAttribute(name) ?? "");
    const tag = element.closest("[lang]")?.getAttribute("lang") ?? "";
    const language = /^pl\b/i.test(tag) ? "pl" : "en";
    const odnowa = new this.#shared.Odnowa({ language, minimumAgent, minimumExtension });
    this.#odnowa = odnowa;
    const words = await this.#shared.wordsIn(language);
    if (this.#odnowa !== odnowa) return; // the attributes have changed meanwhile
    const drawn = new Preparation({ element, root: this.#root, odnowa, language, words, start: () => void this.open() });
    this.#drawn = drawn;
    odnowa.on("change", () => this.check());
    await drawn.check();
    // Another page of this tab had the wizard open. One element shows it.
    if (odnowa.reopens && this.#drawn === drawn && document.querySelector(elementName) === element) await this.open();
  }

  #stop(): void {
    this.#drawn?.stop();
    this.#drawn = undefined;
    this.#odnowa?.close();
    this.#odnowa = undefined;
  }

  #closed(client: Client): void {
    if (this.#wizard !== client) return;
    this.#wizard = undefined;
    this.#element.tell("odnowa-close");
    if (!this.#ended) this.anew();
  }
}
