/**
 * The service worker: the only part of the extension that speaks to the agent. It says in whose name
 * a page asks, as the browser tells it, and relays. It may be stopped at any time and holds nothing but
 * the pairing, in the extension's storage: a port's loss ends its host or socket, and the content script connects anew.
 */
import { pairingPort } from "../bridge/pairing.ts";
import { Conversation, subprotocol } from "./conversation.ts";
import { nativeTransport } from "./native.ts";
import { callerOrigin, narrowed } from "./origins.ts";
import { pair } from "./pair.ts";
import { keepFromContentScripts, storedPairings } from "./pairings.ts";
import { buffered, refusePort, relay } from "./relay.ts";
import { serviceTransport, withFallback } from "./service.ts";
import type { Service } from "./service.ts";

const service: Service = {
  origin: location.origin,
  pairings: storedPairings,
  connect: () =>
    new Conversation(
      new WebSocket(`ws://127.0.0.1:${ODNOWA_AGENT_PORT}/v1`, subprotocol),
      // Any call of the extension's API counts as activity, in Chromium and Firefox alike.
      () => void chrome.runtime.getPlatformInfo(),
    ),
};

/** Firefox's origins are made up for each profile, so there the id goes along. */
const namedExtension = location.protocol === "moz-extension:" ? chrome.runtime.id : undefined;

keepFromContentScripts();

chrome.runtime.onConnect.addListener((port) => {
  const page = buffered(port);
  void listedOrigins().then((listed) => {
    const origin = callerOrigin(port.sender, chrome.runtime.id, listed);
    if (origin === undefined) refusePort(page);
    else if (port.name === pairingPort) pair(page, service, namedExtension);
    else relay(page, withFallback(nativeTransport, () => serviceTransport(service)), origin, ODNOWA_VERSION);
  });
});

/** The built-in sites, less those that the administrator's policy takes away. */
async function listedOrigins(): Promise<readonly string[]> {
  try {
    const policy = await chrome.storage.managed.get("origins");
    return narrowed(ODNOWA_ORIGINS, policy["origins"]);
  } catch {
    return ODNOWA_ORIGINS; // Firefox rejects where no policy exists
  }
}
