/** Every word of the SDK in one language; a file of its own in the package. */
import { codesEn } from "../texts/codes.en.ts";
import { preparationEn } from "../texts/preparation.en.ts";
import type { Words } from "./words.ts";

export const words: Words = { codes: codesEn, preparation: preparationEn };
