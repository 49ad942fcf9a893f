import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { lightOnly } from "../src/sdk/drawing/light.ts";

const src = resolve(import.meta.dirname, "../src");
const tokens = readFileSync(join(src, "look/tokens.css"), "utf8");
const names = (text: string, what: RegExp) => new Set([...text.matchAll(what)].map(([, name]) => name));
const declared = names(tokens, /^ {2}(--[a-z-]+):/gm);

test.each(["look/look.css", "popup/popup.css", "sdk/preparation.css"])("%s has the tokens' colours and none of its own", (sheet) => {
  const text = readFileSync(join(src, sheet), "utf8");
  expect(names(text, /[{;\s](--[a-z-]+):/g)).toEqual(new Set());
  for (const used of names(text, /var\((--[a-z-]+)/g)) expect(declared).toContain(used);
});

test("a browser that doesn't know light-dark() gets the light colours", () => {
  const light = lightOnly(tokens.replace(/\/\*.*?\*\//s, ""));
  expect(names(light, /^ {2}(--[a-z-]+):/gm)).toEqual(declared);
  expect(light).toContain("  --accent: #14508f;\n");
  expect(light).toContain("  --good: #1c6b3c;\n");
  expect(light).toContain("  --radius: var(--odnowa-radius, 10px);\n");
  expect(light).not.toMatch(/light-dark|var\(--odnowa-(?!radius|font)/);
});
