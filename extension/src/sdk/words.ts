/** The words for people, fetched when there is something to say: a file for each language. */
import type { Language } from "../bridge/messages.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { SourcedCode } from "../bridge/codes.ts";
import type { Advice, CodeTexts } from "../texts/codes.pl.ts";
import type { PreparationTexts } from "../texts/preparation.pl.ts";

export interface Words {
  readonly codes: CodeTexts;
  readonly preparation: PreparationTexts;
}

/** Fails where the page's server does not have the file beside odnowa.js. */
export async function wordsIn(language: Language): Promise<Words> {
  const { words } = await (language === "pl" ? import("./texts.pl.ts") : import("./texts.en.ts"));
  return words;
}

/** What happened and what to do; an unknown code reads as an unexpected error. */
export function adviceOf({ codes }: Words, { source, code }: SourcedCode): Advice {
  const advice: Partial<Record<string, Advice>> = codes[source];
  return advice[code] ?? codes.agent.internal;
}

/** The same error with its words, or without them where they can't be had. */
export async function worded(error: OdnowaError, language: Language): Promise<OdnowaError> {
  try {
    const { title, cure } = adviceOf(await wordsIn(language), error as SourcedCode);
    return Object.assign(error, { cause: title, cure });
  } catch {
    return error;
  }
}
