import { Client } from "./client.ts";
import type { Call, Transport } from "./client.ts";
import type { OdnowaError } from "./error.ts";
import * as messages from "./messages.ts";
import type { Language } from "./messages.ts";
import type { Parser } from "./parse.ts";
import type {
  ActivateResult, ActivationProgress, CancelResult, DiagnoseResult, Document, Filter, Format, HelloResult, ListResult, Progress, SignResult,
} from "./types.gen.ts";

const helloTimeoutMs = 15_000; // the agent may have to be started
const askTimeoutMs = 30_000; // cards are slow
const cancelTimeoutMs = 5_000;
const activationTimeoutMs = 11 * 60_000; // the agent gives up after ten minutes
const windowMarginMs = 60_000; // beside the window's own time: the card, the module

/** What to sign, and with which certificate. */
export interface Signing {
  certificateId: string;
  document: Document;
  format: Format;
  seal?: string;
}

/**
 * The agent as the browser side uses it. It connects with the first call, says hello, and connects
 * anew with the next call after the connection was lost.
 */
export class Agent {
  readonly #connect: () => Transport;
  #language: Language;
  readonly #onChanged = new Set<() => void>();
  readonly #onProgress = new Set<(progress: Progress) => void>();
  readonly #onActivation = new Set<(progress: ActivationProgress) => void>();
  readonly #onLost = new Set<(reason: OdnowaError) => void>();
  #client: Client | undefined;
  #hello: Promise<HelloResult> | undefined;

  constructor(connect: () => Transport, language: Language) {
    this.#connect = connect;
    this.#language = language;
  }

  /** Connects where that was not done yet, and says who answers. */
  async hello(): Promise<HelloResult> {
    return (await this.#ready()).hello;
  }

  async diagnose(): Promise<DiagnoseResult> {
    const { client } = await this.#ready();
    return client.call(messages.method.diagnose, {}, messages.diagnoseResult, askTimeoutMs).result;
  }

  async certificates(filter: Filter = {}): Promise<ListResult> {
    const { client } = await this.#ready();
    return client.call(messages.method.listCertificates, { filter }, messages.listResult, askTimeoutMs).result;
  }

  /** Starts a signature; the agent's window opens. The id serves `cancel` and progress. */
  async sign(signing: Signing): Promise<Call<SignResult>> {
    const { client, hello } = await this.#ready();
    const timeoutMs = hello.limits.windowMs + windowMarginMs;
    return client.call(messages.method.createSignature, signing, messages.signResult, timeoutMs);
  }

  /** Starts an activation of rSign on this computer; the code comes as progress. The id serves `cancel`. */
  async activateRSign(offer?: string): Promise<Call<ActivateResult>> {
    const { client } = await this.#ready();
    const params = offer === undefined ? {} : { offer };
    return client.call(messages.method.activateRSign, params, messages.activateResult, activationTimeoutMs);
  }

  async cancel(requestId: string): Promise<CancelResult> {
    const { client } = await this.#ready();
    return client.call(messages.method.cancel, { requestId }, messages.cancelResult, cancelTimeoutMs).result;
  }

  /** Cards or readers came or went: ask for the list again. Returns how to stop listening. */
  onChanged(listener: () => void): () => void {
    this.#onChanged.add(listener);
    return () => this.#onChanged.delete(listener);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#onProgress.add(listener);
    return () => this.#onProgress.delete(listener);
  }

  onActivation(listener: (progress: ActivationProgress) => void): () => void {
    this.#onActivation.add(listener);
    return () => this.#onActivation.delete(listener);
  }

  /** The connection was lost: until the next call nothing is told of changes. */
  onLost(listener: (reason: OdnowaError) => void): () => void {
    this.#onLost.add(listener);
    return () => this.#onLost.delete(listener);
  }

  /** The language of the agent's windows from the next connection on; ends the one there is. */
  speak(language: Language): void {
    this.#language = language;
    this.close();
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#hello = undefined;
    client?.close();
  }

  async #ready(): Promise<{ client: Client; hello: HelloResult }> {
    const opened = this.#client && this.#hello ? { client: this.#client, hello: this.#hello } : this.#open();
    return { client: opened.client, hello: await opened.hello };
  }

  #open(): { client: Client; hello: Promise<HelloResult> } {
    const client: Client = new Client(this.#connect(), (reason) => this.#lost(client, reason));
    client.on(messages.notification.certificatesChanged, () => this.#onChanged.forEach((listener) => listener()));
    client.on(messages.notification.signatureProgress, (params) => told(params, messages.progress, this.#onProgress));
    client.on(messages.notification.rsignProgress, (params) => told(params, messages.activationProgress, this.#onActivation));
    const params = { client: { name: "", version: "" }, versions: messages.versions, language: this.#language };
    const hello = client.call(messages.method.hello, params, messages.helloResult, helloTimeoutMs).result;
    this.#client = client;
    this.#hello = hello;
    hello.catch(() => {
      if (this.#client === client) this.close();
    });
    return { client, hello };
  }

  #lost(client: Client, reason: OdnowaError): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#hello = undefined;
    this.#onLost.forEach((listener) => listener(reason));
  }
}

/** Hands progress on. A state of a newer agent is dropped: the last one stays on the screen. */
function told<T>(params: unknown, parse: Parser<T>, listeners: Set<(progress: T) => void>): void {
  let progress: T;
  try {
    progress = parse(params);
  } catch {
    return;
  }
  listeners.forEach((listener) => listener(progress));
}
