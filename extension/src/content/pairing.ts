import { closedReason } from "../bridge/closed.ts";
import { agentError, closedError, extensionError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import { pairingNews, pairingPort } from "../bridge/pairing.ts";
import type { PairingNews, SameCode } from "../bridge/pairing.ts";

/** The parts of chrome.runtime.Port that a pairing uses. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
}

/** What the person sees. */
export type Stage =
  | { at: "opening" }
  /** The code; whether yes was said here, and in the agent's window. */
  | { at: "compare"; code: string; saidHere: boolean; saidThere: boolean }
  | { at: "failed"; error: OdnowaError };

/**
 * One browser's pairing as its person goes through it; the worker does the work. It ends with `done`: true
 * when the pairing is kept, false when the person gave up. Failures are shown and may be tried again.
 */
export class Pairing {
  stage: Stage = { at: "opening" };
  readonly #connect: () => WorkerPort;
  readonly #draw: () => void;
  readonly #done: (paired: boolean) => void;
  #port: WorkerPort | undefined;

  constructor(connect: () => WorkerPort, draw: () => void, done: (paired: boolean) => void) {
    this.#connect = connect;
    this.#draw = draw;
    this.#done = done;
  }

  /** Begins, also after a failure. */
  start(): void {
    this.#leave();
    this.#show({ at: "opening" });
    let port: WorkerPort;
    try {
      port = this.#connect();
    } catch {
      this.#fail(extensionError("extension_reloaded")); // the extension's context is gone
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => {
      if (this.#port === port) this.#received(message);
    });
    port.onDisconnect.addListener(() => {
      if (this.#port === port) this.#fail(extensionError("agent_unreachable"));
    });
  }

  /** The person says that the agent's window shows the same code. */
  same(): void {
    if (this.stage.at !== "compare" || this.stage.saidHere) return;
    const message: SameCode = { type: "same" };
    this.#port?.postMessage(message);
    this.#show({ ...this.stage, saidHere: true });
  }

  /** The person says that it does not, or that there is no window. */
  differ(): void {
    if (this.stage.at === "compare") this.#fail(agentError("pairing_refused"));
  }

  /** Gives up; an open window of the agent closes. */
  cancel(): void {
    this.#leave();
    this.#done(false);
  }

  #received(message: unknown): void {
    const reason = closedReason(message);
    if (reason) {
      this.#fail(closedError(reason));
      return;
    }
    let news: PairingNews;
    try {
      news = pairingNews(message);
    } catch {
      return; // the worker is of our own version: this is not for us
    }
    if (news.type === "code") {
      this.#show({ at: "compare", code: news.code, saidHere: false, saidThere: false });
    } else if (news.type === "agreed") {
      if (this.stage.at === "compare") this.#show({ ...this.stage, saidThere: true });
    } else {
      this.#leave();
      this.#done(true);
    }
  }

  #show(stage: Stage): void {
    this.stage = stage;
    this.#draw();
  }

  #fail(error: OdnowaError): void {
    this.#leave();
    this.#show({ at: "failed", error });
  }

  #leave(): void {
    const port = this.#port;
    this.#port = undefined;
    port?.disconnect();
  }
}

/** The worker's half. */
export const workerPort = (): WorkerPort => chrome.runtime.connect({ name: pairingPort });
