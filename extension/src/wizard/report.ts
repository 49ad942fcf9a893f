import type { OdnowaError } from "../bridge/error.ts";
import type { Check } from "../bridge/types.gen.ts";
import type { Wizard } from "./wizard.ts";

/** Something that went wrong, for a report to support. */
export interface Noted {
  at: Date;
  screen: string;
  source: string;
  code: string;
}

/** More than a person has patience for; a page that fails in a loop must not fill the memory. */
const mostNoted = 20;

/** Adds a failure to what a report tells, the newest last. */
export function note(list: readonly Noted[], screen: string, { source, code }: OdnowaError): readonly Noted[] {
  return [...list, { at: new Date(), screen, source, code }].slice(-mostNoted);
}

/** What a report takes from the browser. */
export interface Surroundings {
  userAgent: string;
  language: string;
  online: boolean;
  timeZone: string;
}

export function surroundings(): Surroundings {
  const { userAgent, language, onLine: online } = navigator;
  return { userAgent, language, online, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** What the agent says of itself, as far as it answers. */
export interface AgentNow {
  version?: string;
  checks: readonly Check[];
}

/**
 * A text for support: versions, browser, step, codes and times. It has no renewal code, no name, no
 * number of an application or certificate, no address of a person and no reader's serial number, so it is put
 * together from a fixed list of members and never from a whole object. In English, whoever reads it.
 */
export function supportReport(w: Wizard, from: Surroundings, agent: AgentNow, now = new Date()): string {
  const time = (when: Date) => when.toISOString().replace(/\.\d+Z$/, "Z");
  const lines = [
    "Odnowa: report for support",
    `time: ${time(now)} (${from.timeZone})`,
    `website: ${w.portal.origin}`,
    `extension: ${ODNOWA_VERSION}`,
    `agent: ${agent.version ?? "not reached"}`,
    `browser: ${from.userAgent}`,
    `language: ${w.language}, browser ${from.language}; online: ${from.online ? "yes" : "no"}`,
    `screen: ${w.screen}; renewal: ${w.renewal?.state ?? "none"}; phone: ${w.renewal?.phone?.state ?? "none"}`,
    ...(w.cards ? [`certificates: ${w.cards.certificates.length}; refused: ${w.cards.refused.map(({ reason }) => reason).join(", ") || "none"}`] : []),
    ...agent.checks.map(({ id, state, code }) => `check ${id}: ${state}${code ? ` (${code})` : ""}`),
    "failures:",
    ...w.noted.map(({ at, screen, source, code }) => `- ${time(at)} ${screen}: ${source} ${code}`),
    ...(w.noted.length === 0 ? ["- none"] : []),
  ];
  return `${lines.join("\n")}\n`;
}
