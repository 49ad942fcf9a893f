import type { ClosedCode } from "./codes.ts";
import { agentError, closedError, extensionError, OdnowaError } from "./error.ts";
import { errorData } from "./messages.ts";
import { incoming } from "./rpc.ts";
import type { Answer, Request } from "./rpc.ts";
import type { Parser } from "./parse.ts";

/** A two-way channel of JSON-RPC messages: a page's MessagePort, an extension's port, a native host, a WebSocket. */
export interface Transport {
  /** Hands a message over; throws where the channel is gone. */
  send(message: unknown): void;
  /** Called by the client once; `closed` at most once, with the reason. */
  listen(received: (message: unknown) => void, closed: (reason: ClosedCode) => void): void;
  close(): void;
}

export interface Call<T> {
  /** Names the request in `request.cancel` and in progress notifications. */
  readonly id: string;
  readonly result: Promise<T>;
}

interface Pending {
  resolve(result: unknown): void;
  reject(reason: OdnowaError): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Asks over one transport. Answer, timeout, a lost channel and a failed send each clear a request's
 * entry, so that none waits for ever. Answers to unknown ids are dropped.
 */
export class Client {
  readonly #transport: Transport;
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Map<string, Set<(params: Record<string, unknown>) => void>>();
  readonly #onClosed: (reason: OdnowaError) => void;
  #closed: OdnowaError | undefined;

  constructor(transport: Transport, onClosed: (reason: OdnowaError) => void = () => undefined) {
    this.#transport = transport;
    this.#onClosed = onClosed;
    transport.listen((message) => this.#receive(message), (reason) => this.#end(closedError(reason)));
  }

  /** Sends a request; the result is parsed, or the call fails with an OdnowaError. */
  call<T>(method: string, params: object, parse: Parser<T>, timeoutMs: number): Call<T> {
    const id = crypto.randomUUID();
    return { id, result: this.#request(id, method, params, timeoutMs).then((result) => parsed(result, parse)) };
  }

  /** Listens to a notification; the returned function stops it. */
  on(method: string, listener: (params: Record<string, unknown>) => void): () => void {
    const listeners = this.#listeners.get(method) ?? new Set();
    this.#listeners.set(method, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Closes the channel; what is pending fails as cancelled. */
  close(): void {
    this.#transport.close();
    this.#end(agentError("request_cancelled"));
  }

  /** How many requests wait for an answer. */
  get waiting(): number {
    return this.#pending.size;
  }

  #request(id: string, method: string, params: object, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      const timer = setTimeout(() => this.#take(id)?.reject(extensionError("agent_silent")), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      const message: Request = { jsonrpc: "2.0", id, method, params: { ...params } };
      try {
        this.#transport.send(message);
      } catch (thrown) {
        this.#take(id)?.reject(thrown instanceof OdnowaError ? thrown : extensionError("agent_unreachable"));
      }
    });
  }

  #receive(message: unknown): void {
    let read;
    try {
      read = incoming(message);
    } catch {
      return; // not of this protocol; the request that it may have answered runs into its timeout
    }
    if (read.kind === "answer") this.#answered(read.answer);
    else this.#listeners.get(read.notification.method)?.forEach((listener) => listener(read.notification.params));
  }

  #answered(answer: Answer): void {
    const pending = answer.id === null ? undefined : this.#take(answer.id);
    if (!pending) return;
    if (answer.error) pending.reject(wireError(answer.error.data));
    else pending.resolve(answer.result);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending) clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }

  #end(reason: OdnowaError): void {
    if (this.#closed) return;
    this.#closed = reason;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(reason);
    this.#onClosed(reason);
  }
}

function parsed<T>(result: unknown, parse: Parser<T>): T {
  try {
    return parse(result, "result");
  } catch {
    throw extensionError("agent_unexpected");
  }
}

function wireError(data: unknown): OdnowaError {
  try {
    const { code, triesLeft } = errorData(data);
    return agentError(code, triesLeft === undefined ? {} : { triesLeft });
  } catch {
    return agentError("internal");
  }
}
