/**
 * The two elements, as thin as they can be: their life (life.ts) is fetched when one is on a page. Their own content,
 * if any, shows until then, and stays where that can't be had.
 */
import { Client } from "../bridge/client.ts";
import { elementName } from "../bridge/page.ts";
import type { Life } from "./life.ts";
import { Odnowa } from "./odnowa.ts";
import { pageTransport } from "./page-transport.ts";
import { wordsIn } from "./words.ts";

/** What the elements tell their page; names only, nothing of the person. */
export interface ElementEvents {
  /**
   * What the person sees: `preparation`; `missing-` and the check that fails first; `ready`; then the wizard's
   * screens (`start`, `code` ... `issued`). For statistics.
   */
  "odnowa-step": CustomEvent<{ step: string }>;
  /** The wizard has opened. */
  "odnowa-open": CustomEvent;
  /** The wizard has closed; the preparation is back. */
  "odnowa-close": CustomEvent;
  /** The page is about to be loaded anew, for an extension that was just installed. Can be prevented. */
  "odnowa-reload": CustomEvent;
  /** All is installed, and the person is led back to the renewal. Can be prevented. */
  "odnowa-return": CustomEvent;
}

/** What a life needs of this file's module, so that there is one of each. */
export const shared = { Client, Odnowa, pageTransport, wordsIn };
export type Shared = typeof shared;

// Where there is no browser, the class is there and does nothing.
const Base = (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ?? (Object as unknown as typeof HTMLElement);

/** What both elements have in common. */
export abstract class PreparationElement extends Base {
  static readonly observedAttributes = [
    "lang", "install-url", "return-url", "return-origins", "support-url", "minimum-agent", "minimum-extension", "without-checks",
  ];

  /** The install guide only, or the whole preparation. */
  readonly installs: boolean = false;
  #life: Life | undefined;

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    if (!root.hasChildNodes()) root.append(document.createElement("slot"));
    void import("./life.ts").then(({ Life }) => {
      if (this.isConnected) this.#life ??= new Life(this, root, shared);
    });
  }

  /** Moving the element within the page changes nothing. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#life?.end();
      this.#life = undefined;
    });
  }

  attributeChangedCallback(_: string, before: string | null, after: string | null): void {
    if (before !== after) this.#life?.anew();
  }

  /** Runs the checks again; done by itself when cards, readers or the page's focus change. */
  check(): void {
    this.#life?.check();
  }

  /** Opens the wizard; the preparation comes back when it closes. */
  async open(): Promise<void> {
    await this.#life?.open();
  }

  /** Tells the page; false where it prevented what was to follow. */
  tell<E extends keyof ElementEvents>(name: E, detail?: ElementEvents[E]["detail"]): boolean {
    return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
  }
}

/**
 * <odnowa-renewal install-url="…" lang="pl">: the preparation, and the extension's wizard once all is there.
 * docs/element.md has the attributes, events, parts and properties.
 */
export class RenewalElement extends PreparationElement {}

/** <odnowa-install return-url="…" agent-windows="…">: the install guide for the visitor's browser and system, for the CA's install page. */
export class InstallElement extends PreparationElement {
  override readonly installs = true;
}

/** Makes the elements known, once, and where there are elements at all. */
export function defineElements(): void {
  const registry = globalThis.customElements as CustomElementRegistry | undefined;
  if (registry?.get(elementName)) return;
  registry?.define(elementName, RenewalElement);
  registry?.define("odnowa-install", InstallElement);
}
