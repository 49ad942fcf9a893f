/**
 * The content script, on the portal's pages only: meets the SDK, hands its requests to the worker, and
 * draws the wizard. It speaks to the portal as the page does, same origin and cookie.
 */
import "./trusted-types.ts";
import { is, where } from "../bridge/where.ts";
import { acceptPages } from "./handshake.ts";
import { openWizard, wasOpen } from "./mount.ts";
import { PageChannel } from "./page-channel.ts";
import { openPairing } from "./pairing-dialog.ts";
import { workerTransport } from "./worker-transport.ts";

if (window.top === window) {
  acceptPages(window, ODNOWA_VERSION, wasOpen, (port, ended) => {
    new PageChannel(port, { connect: workerTransport, openWizard, pair: () => openPairing(), ended });
  });
  chrome.runtime.onMessage.addListener((message: unknown) => {
    if (is(message, where)) void chrome.runtime.sendMessage({ type: "odnowa.here" }).catch(() => undefined); // the popup has gone
  });
}
