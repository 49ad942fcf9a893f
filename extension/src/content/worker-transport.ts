import type { Transport } from "../bridge/client.ts";
import { closedReason } from "../bridge/closed.ts";
import { extensionError } from "../bridge/error.ts";

/** A connection to the agent by way of the service worker: a native host of its own. */
export function workerTransport(): Transport {
  let port: chrome.runtime.Port;
  try {
    port = chrome.runtime.connect();
  } catch {
    throw extensionError("extension_reloaded"); // the extension's context is gone
  }
  return {
    send: (message) => port.postMessage(message),
    listen(received, closed) {
      port.onMessage.addListener((message: unknown) => {
        const reason = closedReason(message);
        if (reason) closed(reason);
        else received(message);
      });
      port.onDisconnect.addListener(() => closed("agent_unreachable"));
    },
    close: () => port.disconnect(),
  };
}
