/** The preparation's checks: what this computer needs, in the order in which a person would mend it. */
import type { Agent } from "../bridge/agent.ts";
import { asOdnowaError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { Language } from "../bridge/messages.ts";
import type { Check, CheckState } from "../bridge/types.gen.ts";
import { adviceFor } from "../texts/texts.ts";

export const rows = ["browser", "extension", "agent", "reader", "card", "certificate"] as const;
export type Row = (typeof rows)[number];

export interface Outcome {
  state: CheckState;
  title?: string;
  cure?: string;
  code?: string;
}

export type Outcomes = Record<Row, Outcome>;

/** The agent's checks that each row gathers. */
const gathered: Partial<Record<Row, readonly string[]>> = {
  agent: ["agent", "service", "window", "modules"],
  reader: ["reader"],
  card: ["card"],
  certificate: ["certificate"],
};

const severity: readonly CheckState[] = ["ok", "unknown", "warning", "failed"];

/** Runs all checks. Never fails: what can't be reached is an outcome. */
export async function check(agent: Agent, browserOk: boolean, language: Language): Promise<Outcomes> {
  try {
    const { checks } = await agent.diagnose();
    return { ...all("ok"), ...fromAgent(checks, language) };
  } catch (thrown) {
    return fromFailure(asOdnowaError(thrown), browserOk, language);
  }
}

export function all(state: CheckState): Outcomes {
  return Object.fromEntries(rows.map((row) => [row, { state }])) as Outcomes;
}

/** Whether nothing stands in the way; a warning doesn't. */
export function isReady(outcomes: Outcomes): boolean {
  return rows.every((row) => outcomes[row].state === "ok" || outcomes[row].state === "warning");
}

/** The agent's words where it has some, ours where it gives only a code. */
export function fromAgent(checks: readonly Check[], language: Language): Partial<Outcomes> {
  const outcomes: Partial<Outcomes> = {};
  for (const row of rows) {
    const ids = gathered[row];
    if (!ids) continue;
    const found = checks.filter(({ id }) => ids.includes(id));
    const worst = found.sort((a, b) => severity.indexOf(b.state) - severity.indexOf(a.state))[0];
    outcomes[row] = worst ? outcomeOf(worst, language) : { state: row === "agent" ? "ok" : "unknown" };
  }
  return outcomes;
}

function outcomeOf({ state, code, cause, cure }: Check, language: Language): Outcome {
  if (state === "ok") return { state };
  const advice = code ? adviceFor({ source: "agent", code }, language) : undefined;
  const title = advice?.title ?? cause;
  const remedy = advice?.cure ?? cure;
  return { state, ...(title && { title }), ...(remedy && { cure: remedy }), ...(code && { code }) };
}

/** What it means for the rows that the agent could not be asked. */
export function fromFailure(error: OdnowaError, browserOk: boolean, language: Language): Outcomes {
  const missing = error.source === "extension" && error.code.startsWith("extension_");
  const outcomes = all("unknown");
  const failed: Outcome = { state: "failed", ...adviceFor(error, language), code: error.code };
  if (missing) {
    outcomes.browser = { state: browserOk ? "ok" : "failed" };
    if (browserOk) outcomes.extension = failed;
    return outcomes;
  }
  outcomes.browser = { state: "ok" };
  if (error.is("extension", "page_not_listed")) return { ...outcomes, extension: failed };
  return { ...outcomes, extension: { state: "ok" }, agent: failed };
}
