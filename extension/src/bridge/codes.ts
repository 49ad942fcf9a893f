/**
 * The symbolic codes that a person may be told of, by who says them. The same word may come from two
 * of them and mean two things (`no_session`), so a code is always named with its source.
 */
import { codeValues } from "../portal/api.gen.ts";
import type { components } from "../portal/api.gen.ts";
import type { Code } from "./types.gen.ts";

/** The agent's codes: the list of protocol/bridge/code.go, to which a test holds it. */
export const agentCodes = [
  "internal", "invalid_request", "unknown_method", "version_unsupported", "origin_not_allowed", "not_paired",
  "pairing_refused", "service_stopped", "no_session", "busy", "rate_limited", "timeout", "user_cancelled",
  "request_cancelled", "no_module", "module_failed", "no_reader", "no_card", "card_removed", "no_certificate",
  "certificate_unknown", "pin_incorrect", "pin_locked", "pin_length", "seal_missing", "seal_invalid", "seal_expired",
  "document_refused", "document_too_large", "window_unavailable", "signing_failed", "codes_differ",
  "rsign_unavailable", "rsign_refused", "rsign_expired", "rsign_locked", "rsign_busy",
  "pcsc_stopped", "module_missing", "module_refused", "module_slow", "policy_invalid", "host_not_registered", "audit_failed",
] as const satisfies readonly Code[];

/** The portal's codes: the enumeration of protocol/renewal/openapi.yaml. */
export const portalCodes = codeValues;

/** The codes that the browser side itself gives. The list is closed and append-only. */
export const extensionCodes = [
  /** No content script answered the handshake: the extension is not installed or not active here. */
  "extension_missing",
  /** Extension and SDK speak no common version of the page's protocol. */
  "extension_outdated",
  /** The extension was updated or switched off while the page was open. */
  "extension_reloaded",
  /** The page is not one of the extension's sites, or the message came from a frame. */
  "page_not_listed",
  /** The browser finds no native messaging host: the agent is not installed. */
  "agent_missing",
  /** The host's manifest does not list this extension. */
  "agent_forbidden",
  /** The administrator's policy forbids the host. */
  "agent_blocked",
  /** The host ended while the connection was open. */
  "agent_crashed",
  /** The connection to the host broke in another way. */
  "agent_unreachable",
  /** The agent did not answer in time. */
  "agent_silent",
  /** The agent's answer is not what the protocol says. */
  "agent_unexpected",
  /** The portal can't be reached. */
  "portal_unreachable",
  /** The portal's answer is not what its contract says. */
  "portal_unexpected",
  /** What answers on the agent's port does not know the secret of the pairing: it is not the agent. */
  "agent_impostor",
  /** The extension does not exist for this browser, or for this device. */
  "browser_unsupported",
  /** The browser is older than the extension needs. */
  "browser_outdated",
  /** No content script answered, but the extension was here before: switched off or removed. */
  "extension_disabled",
  /** The agent is older than the page wants. */
  "agent_outdated",
] as const;

export type AgentCode = Code;
export type PortalCode = components["schemas"]["Code"];
export type ExtensionCode = (typeof extensionCodes)[number];

/**
 * Why a connection to the agent ended: the browser side's own word, or the agent's where it refused the
 * connection as such (`not_paired`, `no_session` ...). No word is in both lists.
 */
export type ClosedCode = ExtensionCode | AgentCode;

/** A code with the party that said it. */
export type SourcedCode =
  | { source: "agent"; code: AgentCode }
  | { source: "portal"; code: PortalCode }
  | { source: "extension"; code: ExtensionCode };
