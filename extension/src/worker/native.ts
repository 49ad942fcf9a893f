import type { ExtensionCode } from "../bridge/codes.ts";
import type { Transport } from "../bridge/client.ts";

/** The native messaging host's name (installer/ ships its manifest). */
export const hostName = "pl.odnowa.agent";

/** A transport to a host that this starts; its own process for each. */
export function nativeTransport(): Transport {
  const port = chrome.runtime.connectNative(hostName);
  return {
    send: (message) => port.postMessage(message),
    listen(received, closed) {
      port.onMessage.addListener(received);
      port.onDisconnect.addListener((ended: chrome.runtime.Port & { error?: { message?: string } }) => {
        const text = chrome.runtime.lastError?.message ?? ended.error?.message ?? "";
        closed(disconnectCode(text));
      });
    },
    close: () => port.disconnect(),
  };
}

/**
 * What a browser's words on a lost host mean. Chromium 156 and Firefox 153; browsers give no codes, so unknown words are
 * `agent_unreachable`. Firefox does not tell a host that is for another extension from one that is missing, and has no
 * words for one that has ended.
 */
export function disconnectCode(text: string): ExtensionCode {
  if (/host not found|No such native application/i.test(text)) return "agent_missing";
  if (/disabled by the system administrator/i.test(text)) return "agent_blocked";
  if (/host is forbidden/i.test(text)) return "agent_forbidden";
  if (/host has exited/i.test(text)) return "agent_crashed";
  return "agent_unreachable";
}
