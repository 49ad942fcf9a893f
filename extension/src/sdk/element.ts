import { render } from "lit-html";
import { Agent } from "../bridge/agent.ts";
import { Client } from "../bridge/client.ts";
import { browserPair, pairResult, pairTimeoutMs, present, wizardClosed, wizardOpen } from "../bridge/page.ts";
import type { Language } from "../bridge/messages.ts";
import { object } from "../bridge/parse.ts";
import { adoptLook } from "../look/stylesheet.ts";
import { preparationEn } from "../texts/preparation.en.ts";
import { preparationPl } from "../texts/preparation.pl.ts";
import { languageOf } from "../texts/texts.ts";
import { isSupportedBrowser } from "./browser.ts";
import { all, check } from "./checks.ts";
import { pageTransport } from "./page-transport.ts";
import { preparation } from "./preparation.ts";
import type { Preparation } from "./preparation.ts";

const openTimeoutMs = 5_000;

/**
 * <odnowa-renewal install-url="…" lang="pl">: draws the preparation and hands over to the extension's
 * wizard. `install-url` is where the extension can be installed. Works before the extension is there.
 * Colours and fonts follow the --odnowa-* custom properties. Events: `odnowa-open`, `odnowa-close`.
 */
export class RenewalElement extends HTMLElement {
  readonly #drawn = document.createElement("div");
  #look = new AbortController();
  #agent: Agent | undefined;
  #wizard: Client | undefined;
  #state: Preparation | undefined;
  #checking = false;
  #checkAgain = false;

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    adoptLook(root);
    root.append(this.#drawn);
    this.#look = new AbortController();
    const { signal } = this.#look;
    const look = () => {
      if (document.visibilityState === "visible") this.check();
    };
    document.addEventListener("visibilitychange", look, { signal });
    window.addEventListener("focus", look, { signal });
    window.addEventListener("message", (event) => this.#heard(event), { signal });
    this.#prepare();
  }

  disconnectedCallback(): void {
    this.#look.abort();
    this.#agent?.close();
    this.#wizard?.close();
  }

  /** Runs the checks again; done by itself when cards, readers or the page's focus change. */
  check(): void {
    if (this.#wizard || !this.#agent) return;
    if (this.#checking) {
      this.#checkAgain = true;
      return;
    }
    void this.#check(this.#agent);
  }

  /** Opens the wizard; the preparation comes back when it closes. */
  async open(): Promise<void> {
    if (this.#wizard) return;
    const client = new Client(pageTransport(), () => this.#closed(client));
    this.#wizard = client;
    client.on(wizardClosed, () => {
      client.close();
    });
    try {
      await client.call(wizardOpen, {}, object<object>({}), openTimeoutMs).result;
      this.#agent?.close();
      this.#drawn.hidden = true;
      this.dispatchEvent(new Event("odnowa-open"));
    } catch {
      client.close();
    }
  }

  /** Has the person pair this browser with the agent, where the checks say `not_paired`. */
  async pair(): Promise<void> {
    const client = new Client(pageTransport());
    try {
      await client.call(browserPair, {}, pairResult, pairTimeoutMs).result;
    } catch {
      // The checks say what is wrong.
    } finally {
      client.close();
    }
    this.check();
  }

  #prepare(): void {
    const language: Language = languageOf(this);
    this.#agent = new Agent(() => pageTransport(({ resume }) => resume && void this.open()), language);
    this.#agent.onChanged(() => this.check());
    this.#agent.onLost(() => this.#lost());
    this.#state = {
      t: language === "pl" ? preparationPl : preparationEn,
      language,
      outcomes: all("unknown"),
      checking: true,
      installUrl: this.getAttribute("install-url") ?? undefined,
      check: () => this.check(),
      pair: () => this.pair(),
      start: () => this.open(),
    };
    this.check();
  }

  async #check(agent: Agent): Promise<void> {
    this.#checking = true;
    this.#update({ checking: true });
    const language = this.#state?.language ?? "en";
    const outcomes = await check(agent, isSupportedBrowser(navigator.userAgent), language);
    this.#checking = false;
    this.#update({ outcomes, checking: false });
    const again = this.#checkAgain;
    this.#checkAgain = false;
    if (again) this.check();
  }

  #update(change: Partial<Preparation>): void {
    if (!this.#state) return;
    this.#state = { ...this.#state, ...change };
    render(preparation(this.#state), this.#drawn);
  }

  /** An agent that was there is gone; one that was not is looked for when the page comes to the front. */
  #lost(): void {
    if (this.#state?.outcomes.agent.state === "ok") this.check();
  }

  /** The content script says that it is there: an extension that came late. */
  #heard(event: MessageEvent<unknown>): void {
    if (event.source !== window || event.origin !== location.origin) return;
    try {
      present(event.data);
    } catch {
      return;
    }
    this.check();
  }

  #closed(client: Client): void {
    if (this.#wizard !== client) return;
    this.#wizard = undefined;
    this.#drawn.hidden = false;
    this.dispatchEvent(new Event("odnowa-close"));
    this.check();
  }
}
