/**
 * The service worker: the only part of the extension that speaks to the agent. It says in whose name
 * a page asks, as the browser tells it, and relays. It may be stopped at any time and holds nothing:
 * a port's loss ends its host, and the content script connects anew.
 */
import { nativeTransport } from "./native.ts";
import { callerOrigin, narrowed } from "./origins.ts";
import { buffered, refusePort, relay } from "./relay.ts";

chrome.runtime.onConnect.addListener((port) => {
  const page = buffered(port);
  void listedOrigins().then((listed) => {
    const origin = callerOrigin(port.sender, chrome.runtime.id, listed);
    if (origin === undefined) refusePort(page);
    else relay(page, nativeTransport(), origin, ODNOWA_VERSION);
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
