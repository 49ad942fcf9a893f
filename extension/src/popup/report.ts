import type { Status } from "./status.ts";

/** The popup's report for support: versions, the way to the agent, its checks. Nothing of a person is in reach here. */
export function popupReport({ site, listed, isNarrowed, agent }: Status, userAgent: string, now = new Date()): string {
  const lines = [
    "Odnowa: report for support",
    `time: ${now.toISOString()}`,
    `website: ${site?.origin ?? "none open"} of ${listed.join(", ") || "none"}${isNarrowed ? " (narrowed by policy)" : ""}`,
    `extension: ${ODNOWA_VERSION}`,
    `agent: ${agent?.version ?? agent?.failure?.code ?? "not asked"}, by ${agent?.way ?? "no way"}`,
    `browser: ${userAgent}`,
    ...(agent?.checks ?? []).map(({ id, state, code }) => `check ${id}: ${state}${code ? ` (${code})` : ""}`),
  ];
  return `${lines.join("\n")}\n`;
}
