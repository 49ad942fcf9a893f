import type { Language } from "../bridge/messages.ts";
import type { OdnowaError } from "../bridge/error.ts";
import { codesEn } from "./codes.en.ts";
import { codesPl } from "./codes.pl.ts";
import type { Advice, CodeTexts } from "./codes.pl.ts";

const codes: Record<Language, CodeTexts> = { pl: codesPl, en: codesEn };

/** What to tell a person of a failure. */
export function adviceFor(error: Pick<OdnowaError, "source" | "code">, language: Language): Advice {
  const advice: Partial<Record<string, Advice>> = codes[language][error.source];
  return advice[error.code] ?? codes[language].agent.internal;
}

/** The language of an element: Polish where its page says so, else English. */
export function languageOf(element: Element): Language {
  const tag = element.closest("[lang]")?.getAttribute("lang") ?? document.documentElement.lang;
  return /^pl\b/i.test(tag) ? "pl" : "en";
}
