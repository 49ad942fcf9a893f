// The browser's tab as the steps of a renewal use it. Playwright's Page and Locator are such; for
// Firefox, firefox.ts makes them.

export interface Wait {
  readonly timeout?: number;
}

/** A part of the page, found anew for each use, also inside open shadow roots; each use waits until it is there. */
export interface Part {
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  check(wait?: Wait): Promise<void>;
  waitFor(wait?: Wait): Promise<void>;
  getAttribute(name: string, wait?: Wait): Promise<string | null>;
  innerText(wait?: Wait): Promise<string>;
  inputValue(): Promise<string>;
  screenshot(): Promise<Uint8Array>;
  /** Runs in the page. */
  evaluate<E extends HTMLElement>(work: (element: E) => unknown): Promise<unknown>;
  first(): Part;
}

/** A file that the person saves. */
export interface Saved {
  saveAs(path: string): Promise<void>;
}

export interface Tab {
  goto(url: string): Promise<unknown>;
  getByTestId(id: string): Part;
  locator(selector: string): Part;
  screenshot(options: { path: string; fullPage?: boolean; animations?: "disabled" }): Promise<unknown>;
  waitForEvent(event: "download"): Promise<Saved>;
  context(): { waitForEvent(event: "page"): Promise<{ close(): Promise<void> }> };
}

/** The customer's computer: a browser with the extension. */
export interface Customer {
  readonly page: Tab;
  readonly context: { close(): Promise<void> };
}
