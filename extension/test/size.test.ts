import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, readConfig } from "../build.mjs";

let folder: string;
let built: { extension: string; sdk: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "odnowa-size-"));
  const config = readConfig(await readFile(new URL("../sandbox.example.json", import.meta.url), "utf8"));
  built = await build({ ...config, testOnlyOpenShadow: false }, folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function files(): Promise<string[]> {
  const all = await readdir(built.extension, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(built.extension.length + 1)).sort();
}

test("the package has the files that it should have", async () => {
  expect(await files()).toEqual([
    "_locales/en/messages.json", "_locales/pl/messages.json", "content.js", "icons/128.png", "icons/16.png", "icons/48.png", "icons/icon.svg",
    "licences/lit-html.txt", "managed.json", "manifest.json", "popup.html", "popup.js", "worker.js",
  ]);
});

test("the package is at most 100 KB", async () => {
  let size = 22; // a zip's end
  for (const name of await files()) {
    const packed = deflateRawSync(await readFile(join(built.extension, name)), { level: 9 }).length;
    size += packed + 76 + 2 * name.length; // a zip's two headers for each file
  }
  expect(size).toBeLessThanOrEqual(100_000);
});

test("the popup has no inline script and no inline style, nothing evaluates text", async () => {
  const html = await readFile(join(built.extension, "popup.html"), "utf8");
  expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="popup.js" defer>']);
  expect(html).not.toMatch(/<style|style=|\son\w+=|javascript:/i);
  for (const name of ["popup.js", "content.js", "worker.js"]) {
    const text = await readFile(join(built.extension, name), "utf8");
    expect(text, name).not.toMatch(/\beval\(|new Function\(/);
  }
});

test("the description is there in the browser's language", async () => {
  for (const [language, words] of [["pl", "Odnawianie certyfikatów kwalifikowanych: Odnowa TEST"], ["en", "Renewal of qualified certificates at Odnowa TEST"]] as const) {
    const messages = JSON.parse(await readFile(join(built.extension, "_locales", language, "messages.json"), "utf8")) as Record<string, { message: string }>;
    expect(messages["description"]?.message).toBe(words);
    expect(words.length).toBeLessThanOrEqual(132); // Chromium's limit
  }
});

test("the same input gives the same bytes", async () => {
  const again = await mkdtemp(join(tmpdir(), "odnowa-again-"));
  try {
    const config = readConfig(await readFile(new URL("../sandbox.example.json", import.meta.url), "utf8"));
    const other = await build({ ...config, testOnlyOpenShadow: false }, again);
    for (const name of await files()) {
      expect(await readFile(join(other.extension, name)), name).toEqual(await readFile(join(built.extension, name)));
    }
  } finally {
    await rm(again, { recursive: true, force: true });
  }
});
