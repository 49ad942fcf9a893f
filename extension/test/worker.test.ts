import { describe, expect, test, vi } from "vitest";
import { disconnectCode } from "../src/worker/native.ts";
import { callerOrigin, isListed, narrowed } from "../src/worker/origins.ts";
import type { Sender } from "../src/worker/origins.ts";
import { buffered, inTheNameOf, refusePort, relay } from "../src/worker/relay.ts";
import type { PagePort } from "../src/worker/relay.ts";
import { TestTransport } from "./transport.ts";

const own = "own-id";
const listed = ["https://ca.example", "https://other.example:8443", "http://sandbox.localhost:*"];
const good: Sender = { id: own, origin: "https://ca.example", frameId: 0, tab: { id: 1 } };

describe("who may speak", () => {
  const table: [string, Sender | undefined, string | undefined][] = [
    ["a listed top frame", good, "https://ca.example"],
    ["a listed port", { ...good, origin: "https://other.example:8443" }, "https://other.example:8443"],
    ["any port of a sandbox", { ...good, origin: "http://sandbox.localhost:41000" }, "http://sandbox.localhost:41000"],
    ["nobody", undefined, undefined],
    ["a frame of a listed page", { ...good, frameId: 3 }, undefined],
    ["no frame at all", { id: own, origin: "https://ca.example", tab: { id: 1 } }, undefined],
    ["no tab", { id: own, origin: "https://ca.example", frameId: 0 }, undefined],
    ["another extension", { ...good, id: "other" }, undefined],
    ["an opaque origin", { ...good, origin: "null" }, undefined],
    ["no origin", { id: own, frameId: 0, tab: { id: 1 } }, undefined],
    ["another port", { ...good, origin: "https://ca.example:8443" }, undefined],
    ["another scheme", { ...good, origin: "http://ca.example" }, undefined],
    ["a longer host", { ...good, origin: "https://ca.example.evil.example" }, undefined],
    ["a subdomain", { ...good, origin: "https://www.ca.example" }, undefined],
    ["a longer sandbox host", { ...good, origin: "http://sandbox.localhost.evil.example:1" }, undefined],
    ["a sandbox by https", { ...good, origin: "https://sandbox.localhost" }, undefined],
  ];
  test.each(table)("%s", (_, sender, want) => expect(callerOrigin(sender, own, listed)).toBe(want));
});

test("policy narrows the built-in list and can't add to it", () => {
  expect(narrowed(listed, undefined)).toEqual(listed);
  expect(narrowed(listed, ["https://ca.example", "https://evil.example"])).toEqual(["https://ca.example"]);
  expect(narrowed(listed, ["http://sandbox.localhost:8700"])).toEqual(["http://sandbox.localhost:8700"]);
  expect(narrowed(listed, [])).toEqual([]);
  expect(narrowed(listed, "https://ca.example")).toEqual([]);
  expect(isListed("https://ca.example", [])).toBe(false);
});

describe("requests", () => {
  const request = (method: string, params: object) => ({ jsonrpc: "2.0", id: "1", method, params });
  const named = (message: unknown) => inTheNameOf("https://ca.example", "0.1.0", message);

  test("origin is the browser's word, not the page's", () => {
    const params = { origin: "https://evil.example", filter: {} };
    expect(named(request("certificates.list", params))?.params).toEqual({ origin: "https://ca.example", filter: {} });
  });

  test("hello carries the extension's name and versions, and the page's language", () => {
    const params = { client: { name: "page", version: "9" }, versions: [99], language: "pl" };
    expect(named(request("agent.hello", params))?.params).toEqual({
      origin: "https://ca.example", client: { name: "odnowa-extension", version: "0.1.0" }, versions: [1], language: "pl",
    });
  });

  test.each([
    ["an unknown method", request("rsign.steal", {})],
    ["a batch", [request("certificates.list", {})]],
    ["no id", { jsonrpc: "2.0", method: "certificates.list", params: {} }],
    ["a numeric id", { ...request("certificates.list", {}), id: 1 }],
    ["a long id", { ...request("certificates.list", {}), id: "x".repeat(65) }],
    ["params as a list", { ...request("certificates.list", {}), params: [] }],
    ["text", "certificates.list"],
    ["nothing", null],
  ])("%s is not relayed", (_, message) => expect(named(message)).toBeUndefined());
});

class TestPort implements PagePort {
  readonly posted: unknown[] = [];
  disconnected = false;
  say: (message: unknown) => void = () => undefined;
  leave: () => void = () => undefined;
  onMessage = { addListener: (listener: (message: unknown) => void) => (this.say = listener) };
  onDisconnect = { addListener: (listener: () => void) => (this.leave = listener) };
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  disconnect(): void {
    this.disconnected = true;
  }
}

describe("relay", () => {
  const start = () => {
    const [page, agent] = [new TestPort(), new TestTransport()];
    relay(page, agent, "https://ca.example", "0.1.0");
    return { page, agent };
  };

  test("joins both directions with the ids kept", () => {
    const { page, agent } = start();
    page.say({ jsonrpc: "2.0", id: "a1", method: "agent.diagnose", params: {} });
    expect(agent.sent).toEqual([{ jsonrpc: "2.0", id: "a1", method: "agent.diagnose", params: { origin: "https://ca.example" } }]);
    const answer = { jsonrpc: "2.0", id: "a1", result: { checks: [] } };
    agent.receive(answer);
    agent.receive({ jsonrpc: "2.0", id: "a1" });
    agent.receive({ jsonrpc: "2.0", id: "x", method: "agent.hello", params: {} });
    expect(page.posted).toEqual([answer]);
  });

  test("refuses what is not of the protocol, by its id", () => {
    const { page, agent } = start();
    page.say({ jsonrpc: "2.0", id: "b", method: "rsign.steal" });
    expect(agent.sent).toEqual([]);
    expect(page.posted).toMatchObject([{ id: "b", error: { data: { code: "invalid_request" } } }]);
  });

  test("tells why the host is gone, once", () => {
    const { page, agent } = start();
    agent.end("agent_missing");
    agent.end("agent_crashed");
    expect(page.posted).toEqual([{ jsonrpc: "2.0", method: "extension.closed", params: { code: "agent_missing" } }]);
    expect(page.disconnected).toBe(true);
  });

  test("ends the host with the page", () => {
    const { page, agent } = start();
    page.leave();
    expect(agent.isClosed).toBe(true);
  });

  test("ends where the host can't be written to", () => {
    const { page, agent } = start();
    agent.failing = true;
    page.say({ jsonrpc: "2.0", id: "a", method: "agent.diagnose", params: {} });
    expect(page.posted).toMatchObject([{ params: { code: "agent_unreachable" } }]);
  });

  test("a port that may not speak is told and closed", () => {
    const page = new TestPort();
    refusePort(page);
    expect(page.posted).toMatchObject([{ params: { code: "page_not_listed" } }]);
    expect(page.disconnected).toBe(true);
  });

  test("keeps what comes before anybody listens", () => {
    const port = new TestPort();
    const early = buffered(port);
    port.say("one");
    const heard = vi.fn();
    early.onMessage.addListener(heard);
    port.say("two");
    expect(heard.mock.calls).toEqual([["one"], ["two"]]);
  });

  test("tells of a page that left before anybody listened", () => {
    const port = new TestPort();
    const early = buffered(port);
    port.leave();
    const left = vi.fn();
    early.onDisconnect.addListener(left);
    early.postMessage("late");
    expect(left).toHaveBeenCalledOnce();
    expect(port.posted).toEqual([]);
  });
});

test.each([
  ["Specified native messaging host not found.", "agent_missing"],
  ["No such native application pl.odnowa.agent", "agent_missing"],
  ["Access to the specified native messaging host is forbidden.", "agent_forbidden"],
  ["Access to the native messaging host was disabled by the system administrator.", "agent_blocked"],
  ["Native host has exited.", "agent_crashed"],
  ["Error when communicating with the native messaging host.", "agent_unreachable"],
  ["", "agent_unreachable"],
])("%j means %s", (text, code) => expect(disconnectCode(text)).toBe(code));
