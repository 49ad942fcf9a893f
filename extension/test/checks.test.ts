import { describe, expect, test } from "vitest";
import { agentError, extensionError } from "../src/bridge/error.ts";
import type { Check, ListResult } from "../src/bridge/types.gen.ts";
import { manifest, readConfig } from "../build.mjs";
import { fromAgent, fromCard, fromFailure } from "../src/sdk/checks.ts";
import { all, missing, rows } from "../src/sdk/rows.ts";
import type { Outcomes } from "../src/sdk/rows.ts";
import { isAtLeast } from "../src/sdk/version.ts";
import { browserCode, oldest, visitorOf } from "../src/sdk/visitor.ts";
import { readFile } from "node:fs/promises";

const states = (outcomes: Partial<Outcomes>) => rows.map((row) => outcomes[row]?.state);

describe("what the agent could not be asked", () => {
  const none = ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown"];
  const till = (...first: string[]) => [...first, ...none.slice(first.length)];
  test.each([
    ["no extension", extensionError("extension_missing"), undefined, false, till("ok", "failed"), "extension_missing"],
    ["one that was here before", extensionError("extension_missing"), undefined, true, till("ok", "failed"), "extension_disabled"],
    ["a browser without one", extensionError("extension_missing"), "browser_unsupported", false, till("failed"), "browser_unsupported"],
    ["an old browser", extensionError("extension_missing"), "browser_outdated", true, till("failed"), "browser_outdated"],
    ["an old extension", extensionError("extension_outdated"), undefined, true, till("ok", "failed"), "extension_outdated"],
    ["an extension updated meanwhile", extensionError("extension_reloaded"), undefined, true, till("ok", "failed"), "extension_reloaded"],
    ["another page", extensionError("page_not_listed"), undefined, true, till("ok", "failed"), "page_not_listed"],
    ["no agent", extensionError("agent_missing"), undefined, true, till("ok", "ok", "failed"), "agent_missing"],
    ["an agent that policy blocks", extensionError("agent_blocked"), undefined, true, till("ok", "ok", "failed"), "agent_blocked"],
    ["an old agent", extensionError("agent_outdated"), undefined, true, till("ok", "ok", "failed"), "agent_outdated"],
    ["a stopped agent", agentError("service_stopped"), undefined, true, till("ok", "ok", "failed"), "service_stopped"],
    ["an agent that refuses the page", agentError("origin_not_allowed"), undefined, true, till("ok", "ok", "failed"), "origin_not_allowed"],
    // What answers has shown that the browser is good, whatever it calls itself.
    ["an odd browser with an extension", extensionError("agent_missing"), "browser_unsupported", true, till("ok", "ok", "failed"), "agent_missing"],
  ] as const)("%s", (_, error, browser, seen, want, code) => {
    const outcomes = fromFailure(error, browser, seen);
    expect(states(outcomes)).toEqual(want);
    const first = missing(outcomes);
    expect(first && outcomes[first].code).toBe(code);
  });
});

describe("what the agent says", () => {
  const checks = (...list: [string, Check["state"], Check["code"]?][]): Check[] =>
    list.map(([id, state, code]) => ({ id, state, ...(code && { code }) }));
  const good = checks(["agent", "ok"], ["service", "ok"], ["window", "ok"], ["modules", "ok"], ["pcsc", "ok"], ["reader", "ok"], ["card", "ok"], ["certificate", "ok"]);
  const read = (list: Check[]): Outcomes => ({ ...all("ok"), ...fromAgent(list) });

  test("all good", () => expect(missing(read(good))).toBeUndefined());
  test("the worst of the agent's own checks counts for it", () => {
    const outcomes = read([...good, ...checks(["window", "failed", "window_unavailable"], ["service", "warning", "service_stopped"])]);
    expect(outcomes.agent).toMatchObject({ state: "failed", code: "window_unavailable" });
  });
  test("a warning does not stand in the way", () => {
    expect(missing(read([...good, ...checks(["modules", "warning", "module_failed"])]))).toBeUndefined();
  });
  test("what it does not say is unknown, and stands in the way", () => {
    expect(states(read([]))).toEqual(["ok", "ok", "ok", "unknown", "unknown", "unknown"]);
    expect(missing(read([]))).toBe("reader");
  });
  test("PC/SC is the reader's", () => {
    const stopped = read([...good.filter(({ id }) => id !== "reader"), ...checks(["reader", "unknown"], ["pcsc", "failed", "pcsc_stopped"])]);
    expect(missing(stopped)).toBe("reader");
    expect(stopped.reader).toEqual({ state: "failed", source: "agent", code: "pcsc_stopped" });
  });
  test("another browser's missing registration stands in nobody's way", () => {
    expect(missing(read([...good, ...checks(["browser", "failed", "host_not_registered"])]))).toBeUndefined();
  });
  test("its words are used where it gives no code", () => {
    const outcomes = read([{ id: "card", state: "failed", cause: "It burns.", cure: "Put it out." }]);
    expect(outcomes.card).toEqual({ state: "failed", cause: "It burns.", cure: "Put it out." });
  });
});

describe("what the card's certificates say", () => {
  const certificate = (pin: string, source = "card") => ({ pin, source }) as ListResult["certificates"][number];
  const list = (pins: [string, string?][], ...reasons: string[]): ListResult =>
    ({ certificates: pins.map(([pin, source]) => certificate(pin, source)), refused: reasons.map((reason) => ({ reason, reader: "R" })), modules: [] }) as unknown as ListResult;
  test.each([
    ["one that can sign", list([["ok"]], "key_usage"), "ok", undefined],
    ["one of two with a locked PIN", list([["locked"], ["low"]]), "ok", undefined],
    ["a locked PIN", list([["locked"]]), "failed", "pin_locked"],
    ["nothing", list([]), "failed", "no_certificate"],
    ["the one in the cloud only", list([["ok", "rsign"]]), "failed", "no_certificate"],
    ["an expired one beside one for other uses", list([], "key_usage", "expired"), "failed", "certificate_expired"],
    ["one from the future", list([], "not_yet_valid"), "failed", "certificate_not_yet_valid"],
    ["one for other uses", list([], "key_usage"), "failed", "certificate_key_usage"],
    ["a key of a kind that can't sign", list([], "key_type"), "failed", "no_certificate"],
  ] as const)("%s", (_, result, state, code) => expect(fromCard(result)).toMatchObject({ state, ...(code && { code }) }));
});

const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/";
test.each([
  [`${windows}156.0.0.0 Safari/537.36`, 0, "chrome 156 windows computer", undefined],
  [`${windows}156.0.0.0 Safari/537.36 Edg/156.0.0.0`, 10, "edge 156 windows computer", undefined],
  [`${windows}109.0.0.0 Safari/537.36`, 0, "chrome 109 windows computer", "browser_outdated"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", 0, "firefox 153 linux computer", undefined],
  ["Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", 0, "firefox 115 linux computer", "browser_outdated"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", 0, "chrome 156 macos computer", undefined],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15", 0, "other 0 macos computer", "browser_unsupported"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15", 5, "other 0 macos phone", "browser_unsupported"],
  ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", 0, "chrome 156 other computer", "browser_unsupported"],
  ["Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36", 5, "chrome 156 other phone", "browser_unsupported"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) AppleWebKit/605.1.15 FxiOS/153.0 Mobile/15E148", 5, "other 0 other phone", "browser_unsupported"],
] as const)("%s with %d points of touch", (userAgent, maxTouchPoints, want, code) => {
  const visitor = visitorOf({ userAgent, maxTouchPoints });
  expect(Object.values(visitor).join(" ")).toBe(want);
  expect(browserCode(visitor)).toBe(code);
});

test("the oldest browsers are those of the manifest", async () => {
  const made = manifest(readConfig(await readFile(new URL("../sandbox.example.json", import.meta.url), "utf8")));
  const gecko = (made["browser_specific_settings"] as { gecko: { strict_min_version: string } }).gecko;
  expect(made["minimum_chrome_version"]).toBe(String(oldest.chrome));
  expect(gecko.strict_min_version).toBe(`${oldest.firefox}.0`);
});

test.each([
  ["1.2.3", "1.2.3", true], ["1.10.0", "1.9.9", true], ["1.2", "1.2.0", true], ["2", "1.9", true], ["0.1.0-12-gabc", "0.1.0", true],
  ["1.2.3", "1.2.4", false], ["1.2", "1.2.1", false], ["", "0.1", false], ["dev", "0.1", false], ["dev", "", true],
] as const)("version %s is at least %s: %s", (version, minimum, want) => expect(isAtLeast(version, minimum)).toBe(want));
