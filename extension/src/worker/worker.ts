/**
 * The service worker: the only part of the extension that speaks to the agent. It says in whose name
 * a page asks, as the browser tells it, and relays. It may be stopped at any time and holds nothing but
 * the pairing, in the extension's storage: a port's loss ends its host or socket, and the content script connects anew.
 */
import { pairingPort } from "../bridge/pairing.ts";
import { listedOrigins } from "./listed.ts";
import { nativeTransport } from "./native.ts";
import { callerOrigin } from "./origins.ts";
import { pair } from "./pair.ts";
import { keepFromContentScripts } from "./pairings.ts";
import { buffered, refusePort, relay } from "./relay.ts";
import { localService } from "./local.ts";
import { serviceTransport, withFallback } from "./service.ts";

/** Firefox's origins are made up for each profile, so there the id goes along. */
const namedExtension = location.protocol === "moz-extension:" ? chrome.runtime.id : undefined;

keepFromContentScripts();

chrome.runtime.onConnect.addListener((port) => {
  const page = buffered(port);
  void listedOrigins().then((listed) => {
    const origin = callerOrigin(port.sender, chrome.runtime.id, listed);
    if (origin === undefined) refusePort(page);
    else if (port.name === pairingPort) pair(page, localService, namedExtension);
    else relay(page, withFallback(nativeTransport, () => serviceTransport(localService)), origin, ODNOWA_VERSION);
  });
});
