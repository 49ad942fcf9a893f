import { renewal } from "./parse.ts";
import type { Renewal } from "./parse.ts";

const retryMs = 5_000;

/**
 * Follows the renewal by server-sent events, so that nobody polls. The browser reconnects by itself
 * after a lost connection; after a refusal it gives up, and this tries again every 5 s until stopped.
 */
export class Watch {
  readonly #address: string;
  readonly #changed: (renewal: Renewal) => void;
  readonly #refused: () => void;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** `refused` is called when the portal does not take the request: the session may be over. */
  constructor(address: string, changed: (renewal: Renewal) => void, refused: () => void) {
    this.#address = address;
    this.#changed = changed;
    this.#refused = refused;
  }

  /** Starts where it is not running. */
  start(): void {
    if (this.#source || this.#retry) return;
    const source = new EventSource(this.#address);
    source.addEventListener("renewal", (event: MessageEvent<unknown>) => this.#received(event.data));
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      this.#later();
      this.#refused();
    });
    this.#source = source;
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #later(): void {
    this.stop();
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.start();
    }, retryMs);
  }

  #received(data: unknown): void {
    let read: Renewal;
    try {
      read = renewal(JSON.parse(String(data)));
    } catch {
      return; // the next event or answer brings the whole renewal again
    }
    this.#changed(read);
  }
}
