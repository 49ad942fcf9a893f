import { describe, expect, test } from "vitest";
import { array, base64, boolean, integer, object, oneOf, oneOfOr, optional, string, time } from "../src/bridge/parse.ts";
import { incoming, request } from "../src/bridge/rpc.ts";
import { portalInfo, problem, renewal, signingOrder } from "../src/portal/parse.ts";

describe("values", () => {
  const bad: [string, (value: unknown) => unknown, unknown[]][] = [
    ["string", string, [1, null, undefined, {}, ["a"]]],
    ["integer", integer, [1.5, "1", NaN, Infinity, 2 ** 53, null]],
    ["boolean", boolean, [0, "true", null]],
    ["base64", base64, ["A", "AAA", "A=AA", "AA-_", "AA==\n", " AA=", 1]],
    ["time", time, ["2026-11-23", "yesterday", "2026-13-40T00:00:00Z", 0]],
    ["oneOf", oneOf(["a", "b"]), ["c", "A", 1, null]],
    ["array", array(string), ["a", { length: 0 }, [1], undefined]],
    ["object", object<{ a: string }>({ a: string }), [null, [], "a", {}, { a: 1 }, Object.create({ a: "inherited" })]],
  ];
  test.each(bad)("%s refuses what it is not", (_, parse, values) => {
    for (const value of values) expect(() => parse(value), JSON.stringify(value)).toThrow();
  });

  test("objects drop what was not asked for and leave out what is absent", () => {
    const parse = object<{ a: string; b?: number }>({ a: string, b: optional(integer) });
    expect(parse({ a: "x", c: 1, __proto__: { b: 2 } })).toEqual({ a: "x" });
    expect("b" in parse({ a: "x" })).toBe(false);
  });

  test("an empty list of Go is an empty list", () => expect(array(string)(null)).toEqual([]));
  test("a value of a newer peer falls back", () => expect(oneOfOr(["a", "b"], "b")("c")).toBe("b"));
  test("an error names the place and not the value", () => {
    expect(() => object<{ pin: string }>({ pin: string })({ pin: 123456 }, "result")).toThrow(/^result\.pin: not a string$/);
  });
});

describe("JSON-RPC", () => {
  test.each([
    { jsonrpc: "2.0", id: "a", result: null },
    { jsonrpc: "2.0", id: null, error: { code: -32700, message: "x" } },
    { jsonrpc: "2.0", method: "certificates.changed" },
  ])("reads %j", (message) => expect(incoming(message)).toBeDefined());

  test.each([
    { jsonrpc: "2.0", id: "a", method: "agent.hello" },
    { jsonrpc: "2.0", id: 1, result: null },
    { jsonrpc: "2.0", id: "a", error: "x" },
    { jsonrpc: "2.0", id: "a", result: 1, error: { code: 1, message: "x" } },
    { id: "a", result: 1 },
    [],
    "text",
  ])("refuses %j as an answer", (message) => expect(() => incoming(message)).toThrow());

  test("a request may lack params", () => expect(request({ jsonrpc: "2.0", id: "a", method: "m" }).params).toEqual({}));
});

describe("the portal", () => {
  const opened = {
    version: 1, state: "opened", offer: { months: 24, target: "cloud" }, codeExpires: "2026-12-01T00:00:00Z",
    latestStart: "2026-12-01T00:00:00Z", nextNeedsIdentification: true,
  };
  test("reads a renewal", () => expect(renewal({ ...opened, added: "later" })).toEqual(opened));
  test.each([
    { ...opened, state: "unheard_of" },
    { ...opened, version: "1" },
    { ...opened, offer: { months: 13, target: "cloud" } },
    { ...opened, phone: { state: "ready", code: "12345" } },
    { ...opened, application: { number: "1", enrolmentUrl: "javascript:alert(1)" } },
  ])("refuses %j", (value) => expect(() => renewal(value)).toThrow());

  test("links of the portal are web addresses", () => {
    const text = { version: "1", url: "/terms", sha256: "0".repeat(64) };
    const info = {
      name: "CA", test: true, origin: "https://ca.example", issuers: [], terms: text, privacy: text,
      support: { email: "a@ca.example", phone: "1" }, phoneApp: "https://rsign.example", signing: "open",
    };
    expect(portalInfo(info)).toEqual(info);
    expect(() => portalInfo({ ...info, terms: { ...text, url: "data:text/html,x" } })).toThrow();
  });

  test("a problem of a newer portal is internal", () => {
    expect(problem({ type: "about:blank", title: "x", status: 400, code: "unheard_of" })).toEqual({ code: "internal" });
  });

  test("what is handed to the agent has a document in base64", () => {
    const order = { certificateId: "0".repeat(64), document: { name: "a", mediaType: "b", bytes: "AA==" }, format: "pades", seal: "s" };
    expect(signingOrder(order)).toEqual(order);
    expect(() => signingOrder({ ...order, document: { ...order.document, bytes: "?" } })).toThrow();
  });
});
