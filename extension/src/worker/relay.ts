import { closedMessage } from "../bridge/closed.ts";
import type { ClosedCode } from "../bridge/codes.ts";
import type { Transport } from "../bridge/client.ts";
import { method, versions } from "../bridge/messages.ts";
import { incoming, request } from "../bridge/rpc.ts";
import type { Incoming, Request } from "../bridge/rpc.ts";

/** The part of chrome.runtime.Port that a relay uses. */
export interface PagePort {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
}

/** What a page may say with each method; origin and, in agent.hello, client and versions are the extension's words. */
const params: Readonly<Record<string, readonly string[]>> = {
  [method.hello]: ["origin", "client", "versions", "language"],
  [method.diagnose]: ["origin"],
  [method.listCertificates]: ["origin", "filter"],
  [method.createSignature]: ["origin", "certificateId", "document", "format", "seal"],
  [method.cancel]: ["origin", "requestId"],
  [method.activateRSign]: ["origin", "offer"],
};

/** More unanswered requests than a page has use for. */
const mostUnanswered = 32;

/** More than the largest document in base64 and what goes with it; browsers break a connection with larger ones. */
const longestRequest = 24 << 20;

/**
 * Joins one content script's port to one connection of the agent. It keeps nothing but the two ends:
 * requests pass with their ids, in the name of `origin`, which the caller took from the browser.
 */
export function relay(page: PagePort, agent: Transport, origin: string, version: string): void {
  let open = true;
  const unanswered = new Set<string>();
  const end = (code: ClosedCode) => {
    if (!open) return;
    open = false;
    page.postMessage(closedMessage(code));
    page.disconnect();
  };
  page.onDisconnect.addListener(() => {
    open = false;
    agent.close();
  });
  page.onMessage.addListener((message) => {
    const outgoing = inTheNameOf(origin, version, message);
    if (!outgoing) {
      refuse(page, message, "invalid_request");
      return;
    }
    if (unanswered.size >= mostUnanswered) {
      refuse(page, message, "rate_limited");
      return;
    }
    unanswered.add(outgoing.id);
    try {
      agent.send(outgoing);
    } catch {
      end("agent_unreachable");
    }
  });
  agent.listen(
    (message) => {
      const read = incomingOf(message);
      if (read?.kind === "answer" && read.answer.id !== null) unanswered.delete(read.answer.id);
      if (open && read) page.postMessage(message);
    },
    end,
  );
}

/**
 * A port that keeps what arrives until somebody listens: Chromium drops messages that find no
 * listener in the turn in which the port opened, and the list of sites is read asynchronously.
 */
export function buffered(port: PagePort): PagePort {
  const early: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;
  let gone = false;
  port.onMessage.addListener((message) => {
    if (listener) listener(message);
    else early.push(message);
  });
  port.onDisconnect.addListener(() => (gone = true));
  return {
    postMessage: (message) => {
      if (!gone) port.postMessage(message);
    },
    disconnect: () => port.disconnect(),
    onMessage: {
      addListener(added) {
        listener = added;
        for (const message of early.splice(0)) added(message);
      },
    },
    onDisconnect: {
      addListener(added) {
        if (gone) added();
        else port.onDisconnect.addListener(added);
      },
    },
  };
}

/** Answers for a port that may not speak to the agent. */
export function refusePort(page: PagePort): void {
  page.postMessage(closedMessage("page_not_listed"));
  page.disconnect();
}

/**
 * The request as the agent gets it: origin and, in agent.hello, client and versions are the
 * extension's words, whatever the page wrote there. Undefined when it is not a request of the protocol.
 */
export function inTheNameOf(origin: string, version: string, message: unknown): Request | undefined {
  let read: Request;
  try {
    read = request(message);
  } catch {
    return undefined;
  }
  const known = Object.hasOwn(params, read.method) ? params[read.method] : undefined;
  // Exact names only: Go's JSON would take "Origin" for "origin", and a later one for the earlier.
  if (!known || !Object.keys(read.params).every((name) => known.includes(name)) || isTooLong(read)) return undefined;
  const own = read.method === method.hello ? { client: { name: "odnowa-extension", version }, versions } : {};
  return { ...read, params: { ...read.params, ...own, origin } };
}

function isTooLong(read: Request): boolean {
  try {
    return JSON.stringify(read).length > longestRequest;
  } catch {
    return true; // cyclic, which Firefox's ports carry
  }
}

function refuse(page: PagePort, message: unknown, code: "invalid_request" | "rate_limited"): void {
  const id = typeof message === "object" && message !== null && "id" in message && typeof message.id === "string" ? message.id : null;
  const error = { code: -32600, message: "not a request of the bridge protocol, or too many of them", data: { code } };
  page.postMessage({ jsonrpc: "2.0", id, error });
}

function incomingOf(message: unknown): Incoming | undefined {
  try {
    return incoming(message);
  } catch {
    return undefined;
  }
}
