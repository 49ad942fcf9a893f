/** Every word of the SDK in one language; a file of its own in the package. */
import { codesPl } from "../texts/codes.pl.ts";
import { preparationPl } from "../texts/preparation.pl.ts";
import type { Words } from "./words.ts";

export const words: Words = { codes: codesPl, preparation: preparationPl };
