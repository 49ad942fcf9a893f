// The app has words for each of the SAM's refusals; the tests of portal/sam write the list. That there are no words
// for anything else is for the type of Text.faults to say.

import { expect, test } from "vitest";
import refusals from "../../sam/testdata/refusals.json";
import { ownCodes, refusalCodes } from "../src/api";
import { texts } from "../src/text/text";

test("the app knows all refusals of the SAM, and no others", () => {
  expect([...refusalCodes].sort()).toEqual(refusals);
});

test("what the app finds out by itself has names of its own", () => {
  expect(ownCodes.filter((c) => refusals.includes(c))).toEqual([]);
});

test.each(Object.entries(texts))("every refusal says in %s what happened and what to do", (_, t) => {
  const faults: Readonly<Record<string, readonly string[] | undefined>> = t.faults;
  for (const code of [...refusals, ...ownCodes]) {
    expect(faults[code], code).toHaveLength(2);
    for (const sentence of faults[code] ?? []) expect(sentence, code).toMatch(/^\S.+[.?]$/u);
  }
});

test("both languages have words for the same", () => {
  expect(Object.keys(texts.pl.faults).sort()).toEqual(Object.keys(texts.en.faults).sort());
});
