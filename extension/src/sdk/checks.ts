/**
 * What this computer has and lacks, in the order in which a person would mend it. A file of its own in the
 * package, fetched with the first question for it. It keeps one word of the visitor: that the extension was here.
 */
import type { Agent } from "../bridge/agent.ts";
import type { SourcedCode } from "../bridge/codes.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { Language } from "../bridge/messages.ts";
import type { Check, CheckState, ListResult } from "../bridge/types.gen.ts";
import { all, missing, rows } from "./rows.ts";
import type { Availability, Outcome, Outcomes, Row } from "./rows.ts";
import { remember, wasSeen } from "./seen.ts";
import { browserCode, visitorOf } from "./visitor.ts";
import { adviceOf, wordsIn } from "./words.ts";

/** The agent's checks that each row gathers. That of other browsers (`browser`) is for `odnowa-agent doctor`. */
const gathered: Partial<Record<Row, readonly string[]>> = {
  agent: ["agent", "service", "window", "modules"],
  reader: ["pcsc", "reader"],
  card: ["card"],
  certificate: ["certificate"],
};

const severity: readonly CheckState[] = ["ok", "unknown", "warning", "failed"];

/** What a card's refused certificates say of it, the most telling first. */
const reasons = [
  ["expired", "certificate_expired"],
  ["not_yet_valid", "certificate_not_yet_valid"],
  ["key_usage", "certificate_key_usage"],
] as const;

/** Looks at everything; `greeted` connects, and fails with an OdnowaError. `versions` are those that then have answered. */
export async function look(greeted: () => Promise<Agent>, versions: () => Availability["versions"], language: Language): Promise<Availability> {
  const visitor = visitorOf(navigator);
  const checks = await greeted()
    .then(checkAgent)
    .catch((failure: unknown) => fromFailure(failure as OdnowaError, browserCode(visitor), wasSeen()));
  if (checks.extension.state === "ok") remember();
  await explain(checks, language);
  const first = missing(checks);
  return { ready: !first, ...(first && { missing: first }), checks, versions: { ...versions() }, visitor };
}

/** Adds the words; without them the codes have to do. */
async function explain(checks: Outcomes, language: Language): Promise<void> {
  if (!rows.some((row) => checks[row].code)) return;
  const words = await wordsIn(language).catch(() => undefined);
  for (const outcome of rows.map((row) => checks[row])) {
    const { source, code } = outcome;
    if (!words || !source || !code) continue;
    const { title, cure } = adviceOf(words, { source, code } as SourcedCode);
    Object.assign(outcome, { cause: title, cure });
  }
}

/** Asks the agent for everything. Fails where it can't be asked. */
export async function checkAgent(agent: Agent): Promise<Outcomes> {
  const { checks } = await agent.diagnose();
  const outcomes = { ...all("ok"), ...fromAgent(checks) };
  if (outcomes.card.state !== "ok" || outcomes.certificate.state === "unknown") return outcomes;
  const certificate = await agent.certificates({ nonRepudiation: true, valid: true }).then(fromCard, () => undefined);
  return certificate ? { ...outcomes, certificate } : outcomes;
}

/** The worst of the agent's checks counts for their row. */
export function fromAgent(checks: readonly Check[]): Partial<Outcomes> {
  const outcomes: Partial<Outcomes> = {};
  for (const row of rows) {
    const ids = gathered[row];
    if (!ids) continue;
    const found = checks.filter(({ id }) => ids.includes(id));
    const worst = found.sort((a, b) => severity.indexOf(b.state) - severity.indexOf(a.state))[0];
    outcomes[row] = worst ? outcomeOf(worst) : { state: row === "agent" ? "ok" : "unknown" };
  }
  return outcomes;
}

function outcomeOf({ state, code, cause, cure }: Check): Outcome {
  if (state === "ok") return { state };
  // Its own words where it gives no code.
  return { state, ...(code ? { source: "agent", code } : { ...(cause && { cause }), ...(cure && { cure }) }) };
}

/** What the certificates of the cards say beyond their number. */
export function fromCard({ certificates, refused }: ListResult): Outcome {
  const own = certificates.filter(({ source }) => source === "card");
  if (own.some(({ pin }) => pin !== "locked")) return { state: "ok" };
  if (own.length > 0) return { state: "failed", source: "agent", code: "pin_locked" };
  const found = reasons.find(([reason]) => refused.some((one) => one.reason === reason));
  return found ? { state: "failed", source: "portal", code: found[1] } : { state: "failed", source: "agent", code: "no_certificate" };
}

/** Codes of the extension itself; its others tell of the agent. */
const ofExtension = /^(extension_|page_)/;

/** What it means for the rows that the agent could not be asked. `seen`: the extension was here before. */
export function fromFailure(error: OdnowaError, browser: SourcedCode["code"] | undefined, seen: boolean): Outcomes {
  const outcomes = all("unknown");
  if (error.is("extension", "extension_missing")) {
    if (browser) return { ...outcomes, browser: failed({ source: "extension", code: browser } as SourcedCode) };
    const code = seen ? "extension_disabled" : "extension_missing";
    return { ...outcomes, browser: { state: "ok" }, extension: failed({ source: "extension", code }) };
  }
  outcomes.browser = { state: "ok" };
  if (error.source === "extension" && ofExtension.test(error.code)) return { ...outcomes, extension: failed(error) };
  outcomes.extension = { state: "ok" };
  return { ...outcomes, agent: failed(error) };
}

function failed({ source, code }: OdnowaError | SourcedCode): Outcome {
  return { state: "failed", source, code };
}

