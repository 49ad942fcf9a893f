import type { Transport } from "../bridge/client.ts";
import { closedMessage, closedReason } from "../bridge/closed.ts";
import type { ClosedCode } from "../bridge/codes.ts";
import { handshakeTimeoutMs, pageVersions, ready } from "../bridge/page.ts";
import type { Connect, Ready } from "../bridge/page.ts";

/**
 * A connection to the extension: hands a port to the content script and speaks on it. What is sent
 * before the content script has answered waits. Ends as `extension_missing` when none answers within
 * a second. `met` may refuse the extension that answers, with a reason.
 */
export function pageTransport(met: (ready: Ready) => ClosedCode | undefined = () => undefined, page: Window = window): Transport {
  const { port1: port, port2 } = new MessageChannel();
  let waiting: unknown[] | undefined = [];
  let received: (message: unknown) => void = () => undefined;
  let closed: (reason: ClosedCode) => void = () => undefined;
  const end = (reason: ClosedCode) => {
    port.close();
    closed(reason);
  };
  const timer = setTimeout(() => end("extension_missing"), handshakeTimeoutMs);
  port.onmessage = (event: MessageEvent<unknown>) => {
    if (!waiting) {
      const reason = closedReason(event.data);
      if (reason) end(reason);
      else received(event.data);
      return;
    }
    clearTimeout(timer);
    const answer = readyOf(event.data);
    if (!answer || answer.version === 0) {
      end("extension_outdated");
      return;
    }
    const refused = met(answer);
    if (refused) {
      end(refused);
      return;
    }
    waiting.forEach((message) => port.postMessage(message));
    waiting = undefined;
  };
  const message: Connect = { type: "odnowa.connect", versions: pageVersions };
  page.postMessage(message, page.location.origin, [port2]);
  return {
    send: (outgoing) => {
      if (waiting) waiting.push(outgoing);
      else port.postMessage(outgoing);
    },
    listen(onMessage, onClosed) {
      received = onMessage;
      closed = onClosed;
    },
    close: () => {
      clearTimeout(timer);
      if (!waiting) port.postMessage(closedMessage("agent_unreachable"));
      port.close();
    },
  };
}

function readyOf(data: unknown): Ready | undefined {
  try {
    return ready(data);
  } catch {
    return undefined;
  }
}
