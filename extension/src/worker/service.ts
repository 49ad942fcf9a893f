import type { Transport } from "../bridge/client.ts";
import type { ClosedCode } from "../bridge/codes.ts";
import { agentError, asOdnowaError, closedCode, extensionError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { Bytes } from "./bytes.ts";
import { toBase64 } from "./bytes.ts";
import { messageTimeoutMs } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { challenge, proved } from "./handshake.ts";
import { checkServer, clientProof, newNonce } from "./pairing.ts";
import type { Pairing, Pairings } from "./pairings.ts";

/** The agent's service, as a browser reaches it that cannot start a native host. */
export interface Service {
  /** Dials; never fails at once. */
  connect(): Conversation;
  /** The extension's, as the browser sends it. */
  readonly origin: string;
  readonly pairings: Pairings;
}

/** A transport over the paired WebSocket. What is sent before both sides have proved themselves waits. */
export function serviceTransport(service: Service): Transport {
  const conversation = service.connect();
  let waiting: object[] | undefined = [];
  return {
    send: (message) => {
      if (waiting) waiting.push(message as object);
      else conversation.send(message as object);
    },
    listen(received, closed) {
      const join = () => {
        conversation.handOver(received, (reason) => closed(closedCode(reason)));
        const early = waiting ?? [];
        waiting = undefined;
        early.forEach((message) => conversation.send(message));
      };
      enter(service, conversation).then(join).catch((thrown: unknown) => {
        conversation.close();
        closed(closedCode(thrown));
      });
    },
    close: () => conversation.close(),
  };
}

async function enter(service: Service, conversation: Conversation): Promise<void> {
  const pairing = await service.pairings.read();
  const nonce = await challenged(conversation, pairing !== undefined);
  if (!pairing) throw agentError("not_paired");
  await prove(service, conversation, pairing, nonce);
}

/**
 * Waits for the service's challenge. Where nobody takes the connection, a browser that was paired knows
 * that the service is there but does not run; for another one the agent is not installed.
 */
export async function challenged(conversation: Conversation, isPaired: boolean): Promise<Bytes> {
  try {
    return (await conversation.receive("challenge", challenge, messageTimeoutMs)).nonce;
  } catch (thrown) {
    throw conversation.isOpen ? asOdnowaError(thrown) : absent(isPaired);
  }
}

function absent(isPaired: boolean): OdnowaError {
  return isPaired ? agentError("service_stopped") : extensionError("agent_missing");
}

/** Both sides show that they know the secret. Nothing else is sent before the service has. */
export async function prove(service: Service, conversation: Conversation, pairing: Pairing, serverNonce: Bytes): Promise<void> {
  const clientNonce = newNonce();
  const over = { origin: service.origin, pairing: pairing.id, serverNonce, clientNonce };
  const proof = toBase64(await clientProof(pairing.secret, over));
  conversation.send({ type: "prove", pairing: pairing.id, nonce: toBase64(clientNonce), proof });
  const answer = await conversation.receive("proved", proved, messageTimeoutMs);
  if (!(await checkServer(pairing.secret, over, answer.proof))) throw extensionError("agent_impostor");
}

/** How the agent is reached: by a host that the browser starts, or over the service's WebSocket. */
export type Way = "native" | "service";

/**
 * The agent by native messaging; where the browser finds no host (a snap, a flatpak, a person without
 * one), by `other`. What was sent meanwhile is sent again there: no host has read it.
 */
export function withFallback(native: () => Transport, other: () => Transport, chosen: (way: Way) => void = () => undefined): Transport {
  let current: Transport | undefined;
  let unread: unknown[] | undefined = [];
  let isClosed = false;
  let listen: ((transport: Transport) => void) | undefined;
  const fallBack = () => {
    chosen("service");
    const again = unread ?? [];
    unread = undefined;
    current = other();
    listen?.(current);
    again.forEach((message) => current?.send(message));
  };
  try {
    current = native();
    chosen("native");
  } catch {
    unread = undefined; // this browser has no native messaging at all
    chosen("service");
    current = other();
  }
  return {
    send: (message) => {
      unread?.push(message);
      current?.send(message);
    },
    listen(received, closed) {
      const heard = (message: unknown) => {
        unread = undefined;
        received(message);
      };
      const ended = (code: ClosedCode) => {
        if (code === "agent_missing" && unread && !isClosed) fallBack();
        else closed(code);
      };
      listen = (transport) => transport.listen(heard, ended);
      if (current) listen(current);
    },
    close: () => {
      isClosed = true;
      current?.close();
    },
  };
}
