import { agreeVersion, connect } from "../bridge/page.ts";
import type { Present, Ready } from "../bridge/page.ts";

/** The parts of a window that the handshake uses. */
export interface PageWindow {
  readonly location: { readonly origin: string };
  addEventListener(type: "message", listener: (event: PageMessage) => void): void;
  postMessage(message: unknown, targetOrigin: string): void;
}

export interface PageMessage {
  readonly data: unknown;
  readonly origin: string;
  readonly source: unknown;
  readonly ports: readonly MessagePort[];
}

/** More open channels than a page has use for. */
const mostPorts = 16;

/**
 * Takes the ports that SDKs of this very window hand over, answers `ready` on each, and says once that
 * it is there. Messages of frames and other origins are not looked at.
 */
export function acceptPages(
  page: PageWindow,
  extension: string,
  resume: () => boolean,
  accepted: (port: MessagePort, ended: () => void) => void,
): void {
  let open = 0;
  page.addEventListener("message", (event) => {
    const port = portOf(page, event);
    if (!port || open >= mostPorts) return;
    const version = agreeVersion(connect(event.data).versions);
    const ready: Ready = { type: "odnowa.ready", version, extension, resume: resume() };
    port.postMessage(ready);
    if (version === 0) {
      port.close();
      return;
    }
    open++;
    accepted(port, () => open--);
  });
  const present: Present = { type: "odnowa.present" };
  page.postMessage(present, page.location.origin);
}

function portOf(page: PageWindow, event: PageMessage): MessagePort | undefined {
  if (event.source !== page || event.origin !== page.location.origin || event.ports.length !== 1) return undefined;
  try {
    connect(event.data);
    return event.ports[0];
  } catch {
    return undefined;
  }
}
