/** What a person can do about each code, beside reading its cure: the guide's steps, and buttons that do it. */
import type { Visitor } from "../visitor.ts";
import type { PreparationTexts } from "../../texts/preparation.pl.ts";

/** Buttons and links, in the order in which they are drawn. */
export type Action = "pair" | "install" | "reload" | "address" | "manage" | "support" | "report";

const agentInstall: readonly Action[] = ["install"];
const people: readonly Action[] = ["support", "report"];

/** Where a code is not listed, "Check again" below the list is what helps. */
const actions: Partial<Record<string, readonly Action[]>> = {
  browser_unsupported: ["address"],
  browser_outdated: ["reload"],
  extension_missing: ["install", "reload"],
  extension_disabled: ["manage", "install", "reload"],
  extension_outdated: ["install", "reload"],
  extension_reloaded: ["reload"],
  page_not_listed: people,
  not_paired: ["pair"],
  pairing_refused: ["pair"],
  agent_missing: agentInstall,
  agent_forbidden: agentInstall,
  agent_outdated: agentInstall,
  version_unsupported: agentInstall,
  unknown_method: agentInstall,
  agent_blocked: ["report"],
  agent_impostor: people,
  origin_not_allowed: ["report"],
  policy_invalid: ["report"],
  host_not_registered: agentInstall,
  module_refused: ["report"],
  no_certificate: ["support"],
  certificate_expired: people,
  certificate_not_yet_valid: people,
  certificate_key_usage: ["support"],
  pin_locked: ["support"],
};

export const actionsFor = (code: string): readonly Action[] => actions[code] ?? [];

/** The steps for this visitor, and a word of advice below them. */
export interface Guide {
  steps: readonly string[];
  hint?: string | undefined;
}

export function guideFor(code: string, visitor: Visitor, t: PreparationTexts): Guide | undefined {
  const { guides } = t;
  const browser = visitor.browser === "other" ? "chrome" : visitor.browser;
  const system = visitor.system === "other" ? "linux" : visitor.system;
  switch (code) {
    case "browser_outdated":
      return { steps: guides.browser[browser] };
    case "extension_missing":
      return { steps: guides.extension[browser], hint: guides.hidden[browser] };
    case "extension_disabled":
      return { steps: guides.enable[browser], hint: guides.hidden[browser] };
    case "agent_missing":
    case "agent_forbidden":
    case "agent_outdated":
      return { steps: guides.agent[system], hint: system === "linux" ? guides.sandboxed : undefined };
    case "service_stopped":
      return { steps: guides.service[system] };
    case "pcsc_stopped":
      return { steps: guides.pcsc[system] };
    default:
      return undefined;
  }
}

/** The browser's own page of its extensions; no page may link there, so it is copied. */
export const managePage: Readonly<Record<Visitor["browser"], string>> = {
  chrome: "chrome://extensions",
  edge: "edge://extensions",
  firefox: "about:addons",
  other: "",
};
