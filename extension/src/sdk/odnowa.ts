/**
 * The SDK of a CA's page: the element <odnowa-renewal>, and the class Odnowa for pages that draw
 * themselves. It needs the Odnowa extension to reach the agent and says so where it is missing.
 */
import { Agent } from "../bridge/agent.ts";
import type { Signing } from "../bridge/agent.ts";
import { Client } from "../bridge/client.ts";
import type { Call } from "../bridge/client.ts";
import { browserPair, elementName, pairResult, pairTimeoutMs } from "../bridge/page.ts";
import type { Language } from "../bridge/messages.ts";
import type { ActivateResult, ActivationProgress, DiagnoseResult, Filter, ListResult, Progress, SignResult } from "../bridge/types.gen.ts";
import { RenewalElement } from "./element.ts";
import { pageTransport } from "./page-transport.ts";

export { OdnowaError } from "../bridge/error.ts";
export type { AgentCode, ExtensionCode, PortalCode, SourcedCode } from "../bridge/codes.ts";
export type * from "../bridge/types.gen.ts";
export type { Language, Signing };
export { RenewalElement };

/** A signature under way. */
export interface SigningCall {
  /** Fails with an OdnowaError: `user_cancelled`, `card_removed` ... */
  readonly result: Promise<SignResult>;
  /** Closes the agent's window; `result` then fails as `request_cancelled`. */
  cancel(): Promise<void>;
}

/** An activation of rSign under way. */
export interface ActivationCall {
  /** Fails with an OdnowaError: `rsign_refused`, `rsign_expired` ... */
  readonly result: Promise<ActivateResult>;
  /** Has the agent forget the new key, so that the code leads nowhere; `result` then fails as `request_cancelled`. */
  cancel(): Promise<void>;
}

/** What can be listened to. */
export interface OdnowaEvents {
  /** Cards or readers came or went. */
  change: () => void;
  /** What a signature waits for. */
  progress: (progress: Progress) => void;
  /** How far an activation of rSign is, with the code that the person types on the phone. */
  activation: (progress: ActivationProgress) => void;
}

/** The agent, for a page. Every failure is an OdnowaError. */
export class Odnowa {
  readonly #agent: Agent;

  constructor(language: Language = "pl") {
    this.#agent = new Agent(pageTransport, language);
  }

  /** What this computer has and lacks, in the order in which a person would mend it. */
  diagnose(): Promise<DiagnoseResult> {
    return this.#agent.diagnose();
  }

  /** Certificates in reach; the filter's refusals come as reason and reader only. */
  certificates(filter: Filter = {}): Promise<ListResult> {
    return this.#agent.certificates(filter);
  }

  /** Asks for a signature. The person decides in the agent's window, which asks for the PIN. */
  async sign(signing: Signing): Promise<SigningCall> {
    return this.#cancellable(await this.#agent.sign(signing));
  }

  /**
   * Activates rSign on this computer: listen to `activation` first and show its code. `offer` is the
   * portal's (POST /api/v1/renewal/computer-offer); without one any phone can take the computer that is
   * given the code. Possible where `features` of the agent has "rsign".
   */
  async activateRSign(offer?: string): Promise<ActivationCall> {
    return this.#cancellable(await this.#agent.activateRSign(offer));
  }

  /** What the agent can do for this website: "pades", "cades", "rsign". */
  async features(): Promise<readonly string[]> {
    return (await this.#agent.hello()).features;
  }

  /**
   * Has the person pair this browser with the agent, after a failure with `not_paired`: a browser that can't
   * start the agent by itself. False when the person gave up.
   */
  async pair(): Promise<boolean> {
    const client = new Client(pageTransport());
    try {
      return (await client.call(browserPair, {}, pairResult, pairTimeoutMs).result).paired;
    } finally {
      client.close();
    }
  }

  /** Listens; changes are told of while a connection is open, so ask something first. */
  on<E extends keyof OdnowaEvents>(event: E, listener: OdnowaEvents[E]): () => void {
    switch (event) {
      case "change":
        return this.#agent.onChanged(listener as OdnowaEvents["change"]);
      case "activation":
        return this.#agent.onActivation(listener as OdnowaEvents["activation"]);
      case "progress":
        return this.#agent.onProgress(listener as OdnowaEvents["progress"]);
    }
  }

  close(): void {
    this.#agent.close();
  }

  #cancellable<T>({ id, result }: Call<T>): { result: Promise<T>; cancel(): Promise<void> } {
    return {
      result,
      cancel: async () => {
        await this.#agent.cancel(id);
      },
    };
  }
}

if (!customElements.get(elementName)) customElements.define(elementName, RenewalElement);
