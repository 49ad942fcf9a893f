/** What a person copies for support: versions, checks and codes; no name, no certificate, no reader, no address. */
import { rows } from "../rows.ts";
import type { Availability } from "../rows.ts";

export function report({ checks, versions, visitor }: Availability, now: Date): string {
  const lines = rows.map((row) => {
    const { state, source, code } = checks[row];
    return `${row}: ${state}${code ? ` (${source ?? ""} ${code})` : ""}`;
  });
  return [
    `Odnowa, ${now.toISOString().slice(0, 16)}Z`,
    `${visitor.browser} ${visitor.version}, ${visitor.system}, ${visitor.device}`,
    `extension ${versions.extension ?? "?"}, agent ${versions.agent ?? "?"}`,
    ...lines,
  ].join("\n");
}
