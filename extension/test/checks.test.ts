import { describe, expect, test } from "vitest";
import { agentError, extensionError } from "../src/bridge/error.ts";
import type { Check } from "../src/bridge/types.gen.ts";
import { isSupportedBrowser } from "../src/sdk/browser.ts";
import { all, fromAgent, fromFailure, isReady, rows } from "../src/sdk/checks.ts";
import type { Outcomes } from "../src/sdk/checks.ts";

const states = (outcomes: Partial<Outcomes>) => rows.map((row) => outcomes[row]?.state);

describe("what the agent could not be asked", () => {
  test.each([
    ["no extension", extensionError("extension_missing"), true, ["ok", "failed", "unknown", "unknown", "unknown", "unknown"]],
    ["a browser without one", extensionError("extension_missing"), false, ["failed", "unknown", "unknown", "unknown", "unknown", "unknown"]],
    ["an old extension", extensionError("extension_outdated"), true, ["ok", "failed", "unknown", "unknown", "unknown", "unknown"]],
    ["another page", extensionError("page_not_listed"), true, ["ok", "failed", "unknown", "unknown", "unknown", "unknown"]],
    ["no agent", extensionError("agent_missing"), true, ["ok", "ok", "failed", "unknown", "unknown", "unknown"]],
    ["an agent that refuses the page", agentError("origin_not_allowed"), true, ["ok", "ok", "failed", "unknown", "unknown", "unknown"]],
  ] as const)("%s", (_, error, browserOk, want) => {
    const outcomes = fromFailure(error, browserOk, "pl");
    expect(states(outcomes)).toEqual(want);
    expect(isReady(outcomes)).toBe(false);
  });
});

describe("what the agent says", () => {
  const checks = (...list: [string, Check["state"], Check["code"]?][]): Check[] =>
    list.map(([id, state, code]) => ({ id, state, ...(code && { code }) }));
  const good = checks(["agent", "ok"], ["service", "ok"], ["window", "ok"], ["modules", "ok"], ["reader", "ok"], ["card", "ok"], ["certificate", "ok"]);
  const read = (list: Check[]): Outcomes => ({ ...all("ok"), ...fromAgent(list, "en") });

  test("all good", () => expect(isReady(read(good))).toBe(true));
  test("the worst of the agent's own checks counts for it", () => {
    const outcomes = read([...good, ...checks(["window", "failed", "window_unavailable"], ["service", "warning", "service_stopped"])]);
    expect(outcomes.agent).toMatchObject({ state: "failed", code: "window_unavailable" });
  });
  test("a warning does not stand in the way", () => {
    expect(isReady(read([...good, ...checks(["modules", "warning", "module_failed"])]))).toBe(true);
  });
  test("what it does not say is unknown, and stands in the way", () => {
    expect(states(read([]))).toEqual(["ok", "ok", "ok", "unknown", "unknown", "unknown"]);
    expect(isReady(read([]))).toBe(false);
  });
  test("its words are used where it gives no code", () => {
    const outcomes = read([{ id: "card", state: "failed", cause: "It burns.", cure: "Put it out." }]);
    expect(outcomes.card).toEqual({ state: "failed", title: "It burns.", cure: "Put it out." });
  });
});

test.each([
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", true],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", true],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15", false],
  ["Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36", false],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) AppleWebKit/605.1.15 FxiOS/153.0 Mobile/15E148", false],
])("%s: %s", (agent, want) => expect(isSupportedBrowser(agent)).toBe(want));
