import { agentError, asOdnowaError, extensionError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import { object, oneOf, ParseError } from "../bridge/parse.ts";
import type { Parser } from "../bridge/parse.ts";
import { refusedWith } from "./handshake.ts";

export const subprotocol = "odnowa.v1";

/** The parts of a WebSocket that a conversation uses. */
export interface Socket {
  readonly protocol: string;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** How long the service may take for each of its messages while no person has to do anything. */
export const messageTimeoutMs = 10_000;

const longestOfHandshake = 4 << 10;
/** The agent's messages are at most 1 MiB (protocol/bridge); a character is at least a byte. */
const longestMessage = 1 << 20;
/** Less than the 30 s after which browsers stop a worker that nothing happens in. */
const heartbeatMs = 20_000;

interface Waiting {
  resolve(text: string): void;
  reject(reason: OdnowaError): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * One WebSocket to what says that it is the agent's service: first the messages of the handshake, which
 * are waited for one by one, then, from `handOver` on, any. Whatever ends it, ends it once, with a code.
 */
export class Conversation {
  readonly #socket: Socket;
  readonly #inbox: string[] = [];
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #waiting: Waiting | undefined;
  #received: ((message: unknown) => void) | undefined;
  #closed: ((reason: OdnowaError) => void) | undefined;
  #ended: OdnowaError | undefined;
  #isOpen = false;

  /** `stayAwake` is called now and then while the conversation lasts: a worker without events is stopped. */
  constructor(socket: Socket, stayAwake: () => void) {
    this.#socket = socket;
    this.#heartbeat = setInterval(stayAwake, heartbeatMs);
    socket.onopen = () => {
      this.#isOpen = true;
      if (socket.protocol !== subprotocol) this.#fail(extensionError("agent_unexpected"));
    };
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = () => this.#end(extensionError("agent_unreachable"));
  }

  /** Whether anything has taken the connection. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(message: object): void {
    if (this.#ended) throw this.#ended;
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message, which must be of this type. Fails as the service refuses, or where anything is wrong. */
  async receive<T>(type: string, parse: Parser<T>, timeoutMs?: number): Promise<T> {
    const text = await this.#next(timeoutMs);
    try {
      const message: unknown = JSON.parse(text);
      const code = refusedWith(message);
      if (code) throw agentError(code);
      object({ type: oneOf([type]) })(message);
      return parse(message);
    } catch (thrown) {
      const wrong = thrown instanceof ParseError || thrown instanceof SyntaxError;
      const reason = wrong ? extensionError("agent_unexpected") : asOdnowaError(thrown);
      this.#fail(reason);
      throw reason;
    }
  }

  /** The handshake is over: hands on every message, and why it ends. */
  handOver(received: (message: unknown) => void, closed: (reason: OdnowaError) => void): void {
    if (this.#ended) {
      closed(this.#ended);
      return;
    }
    this.#received = received;
    this.#closed = closed;
    for (const text of this.#inbox.splice(0)) this.#deliver(text);
  }

  close(): void {
    this.#socket.close(1000);
    this.#end(extensionError("agent_unreachable"));
  }

  #next(timeoutMs?: number): Promise<string> {
    const early = this.#inbox.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const silent = () => this.#fail(extensionError("agent_silent"));
      const timer = timeoutMs === undefined ? undefined : setTimeout(silent, timeoutMs);
      this.#waiting = { resolve, reject, timer };
    });
  }

  #take(data: unknown): void {
    if (this.#ended) return;
    const longest = this.#received ? longestMessage : longestOfHandshake;
    // Nobody sends two messages of the handshake at once, so what waits is bounded as well.
    if (typeof data !== "string" || data.length > longest || this.#inbox.length > 1) {
      this.#fail(extensionError("agent_unexpected"));
    } else if (this.#received) {
      this.#deliver(data);
    } else {
      const waiting = this.#takeWaiting();
      if (waiting) waiting.resolve(data);
      else this.#inbox.push(data);
    }
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #deliver(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.#fail(extensionError("agent_unexpected"));
      return;
    }
    this.#received?.(message);
  }

  #fail(reason: OdnowaError): void {
    this.#end(reason);
    this.#socket.close(1000);
  }

  #end(reason: OdnowaError): void {
    if (this.#ended) return;
    this.#ended = reason;
    clearInterval(this.#heartbeat);
    this.#takeWaiting()?.reject(reason);
    this.#closed?.(reason);
  }
}
