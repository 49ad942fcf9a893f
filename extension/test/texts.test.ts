import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { agentCodes, extensionCodes, portalCodes } from "../src/bridge/codes.ts";
import { codesEn } from "../src/texts/codes.en.ts";
import { codesPl } from "../src/texts/codes.pl.ts";
import { en } from "../src/texts/en.ts";
import { pl } from "../src/texts/pl.ts";
import { popupEn } from "../src/texts/popup.en.ts";
import { popupPl } from "../src/texts/popup.pl.ts";
import { preparationEn } from "../src/texts/preparation.en.ts";
import { preparationPl } from "../src/texts/preparation.pl.ts";
import { adviceFor } from "../src/texts/texts.ts";

const protocol = (path: string) => readFile(new URL(`../../protocol/${path}`, import.meta.url), "utf8");

test("the agent's codes are those of the protocol", async () => {
  const go = await protocol("bridge/code.go");
  const declared = [...go.matchAll(/^\tCode\w+\s+Code = "(\w+)"$/gm)].map((match) => match[1]);
  expect(declared.length).toBeGreaterThan(30);
  expect([...agentCodes]).toEqual(declared);
  const schema = JSON.parse(await protocol("bridge/schema.json")) as { $defs: { Code: { enum: string[] } } };
  expect([...agentCodes].sort()).toEqual([...schema.$defs.Code.enum].sort());
});

test("the portal's codes are those of the contract", async () => {
  const contract = await protocol("renewal/openapi.yaml");
  const block = /^ {4}Code:\n {6}type: string\n(?: {6}description: \|\n(?: {8}.*\n)+)? {6}enum:\n((?: {8}- \w+\n?)+)/m.exec(contract)?.[1] ?? "";
  expect([...portalCodes]).toEqual([...block.matchAll(/- (\w+)/g)].map((match) => match[1]));
});

test.each([["pl", codesPl], ["en", codesEn]] as const)("every code has words in %s: what happened and what to do", (language, texts) => {
  const sources = { agent: agentCodes, portal: portalCodes, extension: extensionCodes };
  for (const [source, codes] of Object.entries(sources) as [keyof typeof sources, readonly string[]][]) {
    expect(Object.keys(texts[source]).sort()).toEqual([...codes].sort());
    for (const code of codes) {
      const advice = adviceFor({ source, code } as Parameters<typeof adviceFor>[0], language);
      expect(advice.title, code).toMatch(/^\p{Lu}.*[^.]$/su);
      expect(advice.cure, code).toMatch(/\.$/);
    }
  }
});

/** Every text of a tree; what takes a number is asked for some. */
function leaves(tree: unknown, path = ""): [string, string][] {
  if (typeof tree === "string") return [[path, tree]];
  if (typeof tree === "function") return [[path, String((tree as (...values: unknown[]) => unknown)(24, 36))]];
  return Object.entries(tree as object).flatMap(([name, value]) => leaves(value, `${path}.${name}`));
}

test("both languages say everything, in words of their own", () => {
  const own = new Map(leaves({ ...pl, preparation: preparationPl, popup: popupPl }));
  for (const [path, text] of leaves({ ...en, preparation: preparationEn, popup: popupEn })) {
    const other = own.get(path);
    if (/\.pin\.ok$/.test(path)) continue; // nothing to say
    expect(other, path).not.toBe("");
    expect(text, path).not.toBe("");
    if (!/(title|pin|email|phone)$/i.test(path) || text.length > 8) expect(text, path).not.toBe(other);
  }
});

test("the drawn window says what the agent's window says", async () => {
  const go = await readFile(new URL("../../agent/window/text.go", import.meta.url), "utf8");
  const words = new Set([...go.matchAll(/: *"([^"\\]+)"/g)].map((match) => match[1]?.replaceAll("_", "")));
  for (const texts of [pl, en]) {
    for (const [path, text] of leaves(texts.window)) expect(words, path).toContain(text);
  }
});

test("the drawn phone says what the phone app says", async () => {
  for (const [language, texts] of [["pl", pl], ["en", en]] as const) {
    const app = await readFile(new URL(`../../portal/phone/src/text/${language}.ts`, import.meta.url), "utf8");
    for (const [path, text] of leaves(texts.handset)) expect(app, path).toContain(`"${text}"`);
  }
});
