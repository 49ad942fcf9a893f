import { Conversation, subprotocol } from "./conversation.ts";
import { storedPairings } from "./pairings.ts";
import type { Service } from "./service.ts";

/** The agent's service on this computer, as worker and popup reach it. */
export const localService: Service = {
  origin: location.origin,
  pairings: storedPairings,
  connect: () =>
    new Conversation(
      new WebSocket(`ws://127.0.0.1:${ODNOWA_AGENT_PORT}/v1`, subprotocol),
      // Any call of the extension's API counts as activity, in Chromium and Firefox alike.
      () => void chrome.runtime.getPlatformInfo(),
    ),
};
