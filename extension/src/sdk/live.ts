/** When the preparation looks again by itself, and what it remembers of a visitor who left to install something. */

import { present } from "../bridge/page.ts";

/** How often a person who waits is looked after. The agent allows a website sixty questions at once and one a second. */
const pollMs = 5_000;

export interface Watched {
  /** Looks again, without saying so. */
  readonly look: () => void;
  /** Something is missing still. */
  readonly waits: () => boolean;
}

/**
 * Looks again when the page comes to the front, when an extension comes late, and while somebody waits. Gives what
 * tells, once, that the visitor was away and is back.
 */
export function watch({ look, waits }: Watched, signal: AbortSignal): () => boolean {
  let away = false;
  const visible = () => document.visibilityState === "visible";
  const changed = () => {
    if (visible()) look();
    else away = true;
  };
  document.addEventListener("visibilitychange", changed, { signal });
  window.addEventListener("focus", look, { signal });
  window.addEventListener("message", (event) => isPresent(event) && look(), { signal });
  const timer = setInterval(() => visible() && waits() && look(), pollMs);
  signal.addEventListener("abort", () => clearInterval(timer));
  return () => {
    const back = away && visible();
    if (back) away = false;
    return back;
  };
}

/** The content script says that it is there. */
function isPresent({ source, origin, data }: MessageEvent<unknown>): boolean {
  if (source !== window || origin !== location.origin) return false;
  try {
    present(data);
    return true;
  } catch {
    return false; // somebody else's message
  }
}

const key = "odnowa.installing";

/** Whether the visitor of this tab has gone to install something; `set` says that they go, or have done it. */
export const installing = {
  get: (): boolean => quietly(() => sessionStorage.getItem(key) !== null) ?? false,
  set: (going: boolean): void => {
    quietly(() => {
      if (going) sessionStorage.setItem(key, "yes");
      else sessionStorage.removeItem(key);
    });
  },
};

/** Where storage is switched off, the visitor loads the page anew by hand. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
