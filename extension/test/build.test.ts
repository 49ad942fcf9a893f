import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { extensionId, manifest, matchPattern, readConfig } from "../build.mjs";
import { bridgeTypes, portalTypes } from "../generate.mjs";

const example = await readFile(new URL("../sandbox.example.json", import.meta.url), "utf8");

describe("configuration", () => {
  const config = JSON.parse(example) as Record<string, unknown>;
  test("the example is one", () => expect(readConfig(example)).toEqual(config));
  test.each([
    ["an unknown member", { ...config, orgins: [] }],
    ["no origins", { ...config, origins: [] }],
    ["every site", { ...config, origins: ["https://*"] }],
    ["a path", { ...config, origins: ["https://ca.example/renewal"] }],
    ["http", { ...config, origins: ["http://ca.example"] }],
    ["a key that is none", { ...config, key: "abc" }],
    ["a port that is none", { ...config, agentPort: 80 }],
    ["a version that is none", { ...config, version: "1.0-beta" }],
  ])("refuses %s", (_, value) => expect(() => readConfig(JSON.stringify(value))).toThrow(/extension configuration/));
});

test.each([
  ["https://ca.example", "https://ca.example/*"],
  ["https://ca.example:8443", "https://ca.example/*"],
  ["http://odnowa.localhost:*", "http://odnowa.localhost/*"],
])("%s matches %s, without a port", (origin, pattern) => expect(matchPattern(origin)).toBe(pattern));

test("the manifest asks for no more than it needs", () => {
  const made = manifest(readConfig(example));
  expect(made.manifest_version).toBe(3);
  expect(made.permissions).toEqual(["nativeMessaging", "storage"]);
  expect(made).not.toHaveProperty("host_permissions");
  expect(made).not.toHaveProperty("web_accessible_resources");
  expect(made).not.toHaveProperty("externally_connectable");
  expect(made.content_scripts).toEqual([{ matches: ["http://odnowa.localhost/*"], js: ["content.js"], run_at: "document_start" }]);
  expect(made.default_locale).toBe("pl");
  expect(made.action).toMatchObject({ default_popup: "popup.html" });
  expect(made.background).toEqual({ service_worker: "worker.js", scripts: ["worker.js"] });
});

test("every permission is explained, and no other", async () => {
  const explained = await readFile(new URL("../PERMISSIONS.md", import.meta.url), "utf8");
  const rows = [...explained.matchAll(/^\| `([a-zA-Z_]+)`/gm)].map((match) => match[1]);
  const made = manifest(readConfig(example));
  expect(rows).toEqual([...(made.permissions as string[]), "content_scripts", "action"]);
  for (const name of rows) expect(JSON.stringify(made), name).toContain(`"${name}"`);
});

test("the id is Chromium's", () => {
  // Computed by Chromium 156 for this key: base64 of 270 zero bytes is enough for the rule.
  expect(extensionId("AAAA")).toMatch(/^[a-p]{32}$/);
  expect(extensionId(Buffer.from("abc").toString("base64"))).toBe("lkhibglpipabmpokebebeanofnkocccd");
});

test("the worker reaches the agent's port on this computer, and nothing else", () => {
  const policy = (text: string) => (manifest(readConfig(text)).content_security_policy as { extension_pages: string }).extension_pages;
  expect(policy(example)).toMatch(/^default-src 'none'; .*; connect-src ws:\/\/127\.0\.0\.1:22701$/);
  const rest = JSON.parse(example) as Record<string, unknown>;
  delete rest["agentPort"];
  expect(policy(JSON.stringify(rest))).toBe(policy(example));
  expect(policy(JSON.stringify({ ...rest, agentPort: 8705 }))).toMatch(/ws:\/\/127\.0\.0\.1:8705$/);
});

describe("generated types are those of the contracts", () => {
  const source = (path: string) => readFile(new URL(`../src/${path}`, import.meta.url), "utf8");
  test("portal", async () => expect(await source("portal/api.gen.ts")).toBe(await portalTypes()));
  test("bridge", async () => expect(await source("bridge/types.gen.ts")).toBe(await bridgeTypes()));
});
