import { fields, fromBase64, toBase64 } from "../src/worker/bytes.ts";
import type { Bytes } from "../src/worker/bytes.ts";
import { Conversation } from "../src/worker/conversation.ts";
import type { Socket } from "../src/worker/conversation.ts";
import { agreeSecret, newKey, newNonce, pairingCode } from "../src/worker/pairing.ts";
import type { Exchange } from "../src/worker/pairing.ts";
import type { Pairing, Pairings } from "../src/worker/pairings.ts";
import type { Service } from "../src/worker/service.ts";

export const origin = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";
export const pairingId = "00112233445566778899aabbccddeeff";

type Message = Record<string, string>;

/** A WebSocket whose other end is the test: an honest service, or whoever sits on its port. */
export class TestSocket implements Socket {
  protocol = "odnowa.v1";
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: Message[] = [];
  isClosed = false;
  readonly #arrived: (() => void)[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Message);
    this.#arrived.splice(0).forEach((tell) => tell());
  }
  close(): void {
    this.isClosed = true;
  }
  open(): void {
    this.onopen?.(new Event("open"));
  }
  /** Whatever `data` is arrives at the browser. */
  raw(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent<unknown>);
  }
  say(message: object): void {
    this.raw(JSON.stringify(message));
  }
  /** The other end closes, or nobody was there. */
  drop(): void {
    this.onclose?.({} as CloseEvent);
  }
  /** The browser's message at this place; waits for it. */
  async heard(at: number): Promise<Message> {
    while (this.sent.length <= at) await new Promise<void>((arrived) => this.#arrived.push(arrived));
    return this.sent[at] ?? {};
  }
}

/** The extension's view of the service, the socket behind it, and what it keeps. */
export class TestService implements Service {
  readonly origin = origin;
  readonly socket = new TestSocket();
  kept: Pairing | undefined;
  awake = 0;
  readonly pairings: Pairings = {
    read: () => Promise.resolve(this.kept),
    write: (pairing) => {
      this.kept = pairing;
      return Promise.resolve();
    },
  };

  constructor(secret?: Bytes) {
    if (secret) this.kept = { id: pairingId, secret };
  }
  connect = (): Conversation => new Conversation(this.socket, () => this.awake++);
}

/** The service's half of proving, for the browser's `prove` at this place of what it sent. */
export async function serverProof(socket: TestSocket, at: number, secret: Bytes, serverNonce: Bytes): Promise<string> {
  const prove = await socket.heard(at);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const over = fields("odnowa-prove-server-v1", origin, prove["pairing"] ?? "", serverNonce, fromBase64(prove["nonce"] ?? ""));
  return toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, over)));
}

/** The service's half of a pairing, up to the code and the secret. */
export async function serverPairing(socket: TestSocket): Promise<{ code: string; secret: Bytes }> {
  const { key: clientKey = "" } = await socket.heard(0);
  const [own, serverNonce] = [await newKey(), newNonce()];
  socket.say({ type: "key", key: toBase64(own.public), nonce: toBase64(serverNonce) });
  const reveal = await socket.heard(1);
  const exchange: Exchange = {
    origin, clientKey: fromBase64(clientKey), serverKey: own.public, clientNonce: fromBase64(reveal["nonce"] ?? ""), serverNonce,
  };
  const secret = await agreeSecret(exchange, own.secret, exchange.clientKey);
  return { code: await pairingCode(exchange), secret };
}
