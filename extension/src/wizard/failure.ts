import type { OdnowaError } from "../bridge/error.ts";
import type { SourcedCode } from "../bridge/codes.ts";
import type { Language } from "../bridge/messages.ts";
import type { Texts } from "../texts/pl.ts";
import { adviceFor } from "../texts/texts.ts";

/** A field that an error can lead to. */
export type Field = keyof Texts["missing"];

/** What went wrong: a failure, or a field without an answer. Words come when it is drawn, in the language of then. */
export type Problem = OdnowaError | Field;

/** Something to tell at the top of the screen, and at the field where there is one. */
export interface Failure {
  tone: "error" | "notice";
  title: string;
  cure?: string;
  /** Small, for support, with whose word it is. */
  code?: string;
  source?: SourcedCode["source"];
  field?: Field;
}

const stoppedCodes: ReadonlySet<string> = new Set(["user_cancelled", "request_cancelled"]);
const fields: Readonly<Record<string, Field>> = { email: "email", phone: "phone", code: "code", start: "start" };

/** The words for a problem. */
export function failureOf(problem: Problem, t: Texts, language: Language): Failure {
  if (typeof problem === "string") return { tone: "error", title: t.missing[problem], field: problem };
  const { title, cure } = adviceFor(problem, language);
  const { triesLeft, retryAfterSeconds } = problem.detail;
  const more = [
    cure,
    triesLeft === undefined ? "" : t.triesLeft(triesLeft),
    retryAfterSeconds === undefined ? "" : t.retryAfter(Math.ceil(retryAfterSeconds / 60)),
  ];
  const field = fieldOf(problem);
  return {
    tone: problem.source === "agent" && stoppedCodes.has(problem.code) ? "notice" : "error",
    title,
    cure: more.filter(Boolean).join(" "),
    code: problem.code,
    source: problem.source,
    ...(field && { field }),
  };
}

function fieldOf({ source, code, detail: { field } }: OdnowaError): Field | undefined {
  if (source !== "portal") return undefined;
  if (code.startsWith("code_")) return "code";
  if (code === "email_invalid") return "email";
  if (code === "phone_invalid") return "phone";
  return field === undefined ? undefined : fields[field];
}
