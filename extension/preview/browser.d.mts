import type { BrowserContext } from "playwright-core";
import type { PreviewPortal } from "./portal.mjs";

/** One request that reached the preview's agent; "closed" where its browser went while it signed. */
export interface Heard {
  id: string;
  method: string;
  params: Record<string, unknown>;
  pid: number;
}

export interface Cards {
  certificates: readonly object[];
  refused: readonly object[];
  modules: readonly object[];
}

export interface Preview {
  portal: PreviewPortal;
  browser: BrowserContext;
  some: Cards & { certificates: readonly [object] };
  none: Cards;
  /** The unpacked extension's folder, and its id. */
  extension: string;
  id: string;
  cards(list: Cards): Promise<void>;
  install(how: "here" | "missing" | "forbidden" | "crashing"): Promise<void>;
  list(code: string): Promise<void>;
  checks(failing: string): Promise<void>;
  heard(): Heard[];
  sign(outcome: string): Promise<void>;
  activation(state: string): Promise<void>;
  stop(): Promise<void>;
}

export function startPreview(options: {
  language: "pl" | "en";
  headless?: boolean;
  width?: number;
  extension?: boolean;
  agent?: boolean;
  args?: readonly string[];
  /** False: the wizard's shadow root is closed, as in people's builds. */
  open?: boolean;
}): Promise<Preview>;
