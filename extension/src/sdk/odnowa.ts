import { Agent } from "../bridge/agent.ts";
import type { Signing } from "../bridge/agent.ts";
import { Client } from "../bridge/client.ts";
import type { Call } from "../bridge/client.ts";
import { agentError, asOdnowaError, extensionError } from "../bridge/error.ts";
import type { Language } from "../bridge/messages.ts";
import { browserPair, pairResult, pairTimeoutMs } from "../bridge/page.ts";
import type {
  ActivateResult, ActivationProgress, DiagnoseResult, Filter, HelloResult, ListResult, Progress, SignResult,
} from "../bridge/types.gen.ts";
import { limited } from "./limits.ts";
import type { CallOptions } from "./limits.ts";
import { pageTransport } from "./page-transport.ts";
import type { Availability } from "./rows.ts";
import { isAtLeast } from "./version.ts";
import { worded } from "./words.ts";

export interface Options {
  /** Of the agent's windows and of the words in errors: Polish where nothing is said. */
  language?: Language;
  /** The oldest agent that the page takes, such as "1.2.0"; an older one fails with `agent_outdated`. */
  minimumAgent?: string | undefined;
  /** The oldest extension that the page takes; an older one fails with `extension_outdated`. */
  minimumExtension?: string | undefined;
}

/** What can be listened to. */
export interface OdnowaEvents {
  /** Cards or readers came or went. */
  change: () => void;
  /** The connection is gone; the next call makes a new one. */
  lost: () => void;
  /** What a signature waits for. */
  progress: (progress: Progress) => void;
  /** How far an activation of rSign is, with the code that the person types on the phone. */
  activation: (progress: ActivationProgress) => void;
}

const listening = { change: "onChanged", lost: "onLost", progress: "onProgress", activation: "onActivation" } as const;

/** The agent, for a page. Every failure is an OdnowaError, with its words in the language of `options`. */
export class Odnowa {
  readonly #options: Options;
  readonly #language: Language;
  readonly #agent: Agent;
  #versions: Availability["versions"] = {};
  #reopens = false;

  constructor(options: Options = {}) {
    this.#options = options;
    this.#language = options.language ?? "pl";
    this.#agent = new Agent(() => this.#connect(), this.#language);
  }

  /** Tells apart what is missing: browser, extension, agent, reader, card or certificate. Fails only when given up. */
  availability(options?: CallOptions): Promise<Availability> {
    return this.#told(() => this.#look(), options);
  }

  /** The agent's own checks, in the order in which a person would mend them. */
  diagnose(options?: CallOptions): Promise<DiagnoseResult> {
    return this.#ask((agent) => agent.diagnose(), options);
  }

  /** Certificates in reach; the filter's refusals come as reason and reader only. */
  certificates(filter: Filter = {}, options?: CallOptions): Promise<ListResult> {
    return this.#ask((agent) => agent.certificates(filter), options);
  }

  /** Asks for a signature. The person decides in the agent's window, which asks for the PIN. */
  sign(signing: Signing, options?: CallOptions): Promise<SignResult> {
    return this.#cancellable((agent) => agent.sign(signing), options);
  }

  /**
   * Activates rSign on this computer: listen to `activation` first and show its code. `offer` is the
   * portal's (POST /api/v1/renewal/computer-offer); without one any phone can take the computer that is
   * given the code. Possible where `hello` names the feature "rsign".
   */
  activateRSign(offer?: string, options?: CallOptions): Promise<ActivateResult> {
    return this.#cancellable((agent) => agent.activateRSign(offer), options);
  }

  /** Who answers, what it can for this website ("pades", "cades", "rsign"), and its limits. */
  hello(options?: CallOptions): Promise<HelloResult> {
    return this.#ask((agent) => agent.hello(), options);
  }

  /**
   * Has the person pair this browser with the agent, after a failure with `not_paired`: a browser that can't
   * start the agent by itself. False when the person gave up.
   */
  async pair(options?: CallOptions): Promise<boolean> {
    const client = new Client(pageTransport());
    const work = () => client.call(browserPair, {}, pairResult, pairTimeoutMs).result;
    const { paired } = await this.#told(work, options).finally(() => client.close());
    return paired;
  }

  /** Listens; changes are told of while a connection is open, so ask something first. The result stops it. */
  on<E extends keyof OdnowaEvents>(event: E, listener: OdnowaEvents[E]): () => void {
    return this.#agent[listening[event]](listener as () => void);
  }

  /** The wizard was open in this tab before the page was loaded anew. For the element. */
  get reopens(): boolean {
    return this.#reopens;
  }

  /** Ends the connection; what waits fails with `request_cancelled`. The next call makes a new one. */
  close(): void {
    this.#agent.close();
  }

  #connect() {
    this.#versions = {};
    return pageTransport(({ extension, resume }) => {
      this.#versions.extension = extension;
      this.#reopens = resume;
      const { minimumExtension } = this.#options;
      return minimumExtension && !isAtLeast(extension, minimumExtension) ? "extension_outdated" : undefined;
    });
  }

  async #look(): Promise<Availability> {
    const { look } = await import("./checks.ts");
    return look(() => this.#greeted(), () => this.#versions, this.#language);
  }

  /** Connected, and new enough for the page. */
  async #greeted(): Promise<Agent> {
    const { agent } = await this.#agent.hello();
    this.#versions.agent = agent.version;
    const { minimumAgent } = this.#options;
    if (minimumAgent && !isAtLeast(agent.version, minimumAgent)) throw extensionError("agent_outdated");
    return this.#agent;
  }

  #ask<T>(work: (agent: Agent) => Promise<T>, options?: CallOptions): Promise<T> {
    return this.#told(() => this.#greeted().then(work), options);
  }

  /** Work that the agent is told to stop when the page gives it up. */
  #cancellable<T>(start: (agent: Agent) => Promise<Call<T>>, options?: CallOptions): Promise<T> {
    let id: string | undefined;
    let wanted = true;
    const isWanted = () => wanted;
    const cancel = () => {
      wanted = false;
      if (id) this.#agent.cancel(id).catch(() => undefined);
    };
    const work = async () => {
      const agent = await this.#greeted();
      if (!isWanted()) throw agentError("request_cancelled");
      const call = await start(agent);
      id = call.id;
      if (!isWanted()) cancel();
      return call.result;
    };
    return this.#told(work, options, cancel);
  }

  /** Within the caller's limits; a failure gets its words. */
  async #told<T>(work: () => Promise<T>, options?: CallOptions, stop?: () => void): Promise<T> {
    try {
      return await limited(work, options, stop);
    } catch (thrown) {
      throw await worded(asOdnowaError(thrown), this.#language);
    }
  }
}
