import type { Transport } from "../bridge/client.ts";
import { closedMessage, closedReason } from "../bridge/closed.ts";
import { OdnowaError } from "../bridge/error.ts";
import type { ClosedCode } from "../bridge/codes.ts";
import { browserPair, wizardClosed, wizardOpen, wizardStep } from "../bridge/page.ts";
import type { PairResult } from "../bridge/page.ts";
import { request } from "../bridge/rpc.ts";
import type { Request } from "../bridge/rpc.ts";

/** What a page's port is joined to. */
export interface Joined {
  /** Opens a connection to the agent. */
  connect(): Transport;
  /**
   * Shows the wizard; false where the page has no place for it. `done` is called when it closes, `step` with
   * the name of each screen.
   */
  openWizard(done: () => void, step: (name: string) => void): boolean;
  /** Asks the person to pair the browser with the agent; false when they gave up. */
  pair(): Promise<boolean>;
  /** The channel has ended. */
  ended(): void;
}

/**
 * One page port: hands the bridge's messages to the worker and back, and answers its own two methods.
 * What may be asked, and in whose name, the worker decides. The agent is connected with the first
 * message to it.
 */
export class PageChannel {
  readonly #port: MessagePort;
  readonly #joined: Joined;
  #agent: Transport | undefined;
  #open = true;

  constructor(port: MessagePort, joined: Joined) {
    this.#port = port;
    this.#joined = joined;
    port.onmessage = (event: MessageEvent<unknown>) => this.#received(event.data);
  }

  #received(message: unknown): void {
    const local = localRequest(message);
    if (local?.method === wizardOpen) {
      this.#openWizard(local.id);
    } else if (local) {
      void this.#pair(local.id);
    } else if (closedReason(message)) {
      this.#end();
    } else {
      this.#relay(message);
    }
  }

  #relay(message: unknown): void {
    try {
      this.#agent ??= this.#connect();
      this.#agent.send(message);
    } catch (thrown) {
      const gone = thrown instanceof OdnowaError && thrown.is("extension", "extension_reloaded");
      this.#end(gone ? "extension_reloaded" : "agent_unreachable");
    }
  }

  #connect(): Transport {
    const agent = this.#joined.connect();
    agent.listen(
      (message) => this.#port.postMessage(message),
      (reason) => this.#end(reason),
    );
    return agent;
  }

  #openWizard(id: string): void {
    const done = () => this.#port.postMessage({ jsonrpc: "2.0", method: wizardClosed, params: {} });
    const opened = this.#joined.openWizard(done, (step) => {
      if (this.#open) this.#port.postMessage({ jsonrpc: "2.0", method: wizardStep, params: { step } });
    });
    this.#port.postMessage(opened ? { jsonrpc: "2.0", id, result: {} } : noElement(id));
  }

  async #pair(id: string): Promise<void> {
    const result: PairResult = { paired: await this.#joined.pair() };
    if (this.#open) this.#port.postMessage({ jsonrpc: "2.0", id, result });
  }

  #end(reason?: ClosedCode): void {
    if (!this.#open) return;
    this.#open = false;
    if (reason) this.#port.postMessage(closedMessage(reason));
    this.#port.close();
    this.#agent?.close();
    this.#joined.ended();
  }
}

/** A request that is answered here and not by the agent. */
function localRequest(message: unknown): Request | undefined {
  try {
    const read = request(message);
    return read.method === wizardOpen || read.method === browserPair ? read : undefined;
  } catch {
    return undefined;
  }
}

const noElement = (id: string) => ({
  jsonrpc: "2.0",
  id,
  error: { code: -32600, message: "the page has no <odnowa-renewal>", data: { code: "invalid_request" } },
});
