/**
 * The SDK of a CA's page: the elements <odnowa-renewal> and <odnowa-install>, and the class Odnowa for
 * pages that draw themselves. It trusts nothing and decides nothing: it asks the Odnowa extension, in the name
 * of the page, and says so where that is missing. It holds no PIN and keeps no personal data.
 *
 * Importing it is harmless where there is no browser (server-side rendering).
 */
import { defineElements } from "./element.ts";
import type { InstallElement, RenewalElement } from "./element.ts";

export { OdnowaError } from "../bridge/error.ts";
export { InstallElement, RenewalElement } from "./element.ts";
export { Odnowa } from "./odnowa.ts";
export type { Signing } from "../bridge/agent.ts";
export type { AgentCode, ExtensionCode, PortalCode, SourcedCode } from "../bridge/codes.ts";
export type { Language } from "../bridge/messages.ts";
export type * from "../bridge/types.gen.ts";
export type { ElementEvents } from "./element.ts";
export type { CallOptions } from "./limits.ts";
export type { OdnowaEvents, Options } from "./odnowa.ts";
export type { Availability, Outcome, Outcomes, Row } from "./rows.ts";
export type { BrowserName, SystemName, Visitor } from "./visitor.ts";

declare global {
  interface HTMLElementTagNameMap {
    "odnowa-renewal": RenewalElement;
    "odnowa-install": InstallElement;
  }
}

defineElements();
