// What a hostile page may try on the extension, and does not get. Those that need a browser are in e2e/hostile.ts.
import { describe, expect, test, vi } from "vitest";
import { agreeVersion } from "../src/bridge/page.ts";
import { PageChannel } from "../src/content/page-channel.ts";
import { inTheNameOf, relay } from "../src/worker/relay.ts";
import type { PagePort } from "../src/worker/relay.ts";
import { TestTransport } from "./transport.ts";

const site = "https://ca.example";
const request = (method: string, params: unknown, id = "1") => ({ jsonrpc: "2.0", id, method, params });
const named = (message: unknown) => inTheNameOf(site, "0.1.0", message);

/** An object with a member of its own that is called __proto__, as JSON and structured clones can have. */
const withProto = (json: string) => JSON.parse(json) as object;

describe("who asks is the browser's word, however the page writes it", () => {
  test.each(["Origin", "ORIGIN", "orıgin", "oriɡin", "origin "])("%s is not relayed", (name) => {
    expect(named(request("certificates.list", { filter: {}, [name]: "https://other.example" }))).toBeUndefined();
  });

  test("the page's own origin is replaced, at the place where it stood too", () => {
    const sent = named(request("certificates.list", { origin: "https://other.example", filter: {} }));
    expect(JSON.stringify(sent?.params)).toBe(JSON.stringify({ origin: site, filter: {} }));
  });

  test("hello: client and versions, too", () => {
    expect(named(request("agent.hello", { Client: { name: "odnowa", version: "9" }, versions: [1] }))).toBeUndefined();
    expect(named(request("agent.hello", { client: { name: "x", version: "9" }, versions: [7], language: "pl" }))?.params).toEqual({
      origin: site, client: { name: "odnowa-extension", version: "0.1.0" }, versions: [1], language: "pl",
    });
  });
});

describe("prototype tricks", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s is no method", (method) => {
    expect(named(request(method, {}))).toBeUndefined();
  });

  test("parameters that the method has not, are refused; a prototype is none", () => {
    expect(named(request("agent.diagnose", withProto('{"__proto__": {"origin": "https://other.example"}}')))).toBeUndefined();
    const sent = named(request("agent.diagnose", Object.create({ origin: "https://other.example" }) as object));
    expect(sent?.params).toEqual({ origin: site });
  });

  test("a message whose members are inherited is none", () => {
    expect(named(Object.create(request("agent.diagnose", {})) as object)).toBeUndefined();
    expect(named(withProto('{"__proto__": {"jsonrpc": "2.0", "id": "1", "method": "agent.diagnose"}}'))).toBeUndefined();
  });
});

test("huge and cyclic requests are not relayed", () => {
  const seal = "x".repeat(25 << 20);
  expect(named(request("signature.create", { seal }))).toBeUndefined();
  const filter: Record<string, unknown> = {};
  filter["filter"] = filter;
  expect(named(request("certificates.list", { filter }))).toBeUndefined();
});

test("a version list of any length and content agrees on one of ours, or on none", () => {
  expect(agreeVersion(Array.from({ length: 2_000_000 }, () => 1))).toBe(1);
  expect(agreeVersion([-1, 1e300, 99])).toBe(0);
});

class Port implements PagePort {
  readonly posted: { id?: unknown; error?: { data: { code: string } } }[] = [];
  say: (message: unknown) => void = () => undefined;
  onMessage = { addListener: (listener: (message: unknown) => void) => (this.say = listener) };
  onDisconnect = { addListener: () => undefined };
  postMessage(message: object): void {
    this.posted.push(message);
  }
  disconnect = () => undefined;
}

describe("floods", () => {
  test("a bounded number of requests waits at the agent; an answer makes room", () => {
    const [page, agent] = [new Port(), new TestTransport()];
    relay(page, agent, site, "0.1.0");
    for (let i = 0; i < 1000; i++) page.say(request("signature.create", {}, String(i)));
    expect(agent.sent).toHaveLength(32);
    expect(page.posted).toHaveLength(968);
    expect(page.posted.every(({ error }) => error?.data.code === "rate_limited")).toBe(true);
    agent.receive({ jsonrpc: "2.0", id: "0", result: {} });
    page.say(request("request.cancel", { requestId: "1" }, "c"));
    expect(agent.sent).toHaveLength(33);
  });

  test("the same id twice counts once, and gets nothing that is not its own", () => {
    const [page, agent] = [new Port(), new TestTransport()];
    relay(page, agent, site, "0.1.0");
    page.say(request("agent.diagnose", {}));
    page.say(request("agent.diagnose", {}));
    agent.receive({ jsonrpc: "2.0", id: "1", result: { checks: [] } });
    expect(page.posted).toEqual([{ jsonrpc: "2.0", id: "1", result: { checks: [] } }]);
  });
});

test("what the page writes as the extension's own words ends its channel, or is the agent's to refuse", async () => {
  const { port1, port2 } = new MessageChannel();
  const agent = new TestTransport();
  const ended = vi.fn();
  const openWizard = vi.fn(() => true);
  new PageChannel(port2, { connect: () => agent, openWizard, pair: () => Promise.resolve(true), ended });
  port1.postMessage({ jsonrpc: "2.0", method: "wizard.closed", params: {} });
  port1.postMessage({ jsonrpc: "2.0", id: "1", result: {} });
  port1.postMessage({ jsonrpc: "2.0", method: "wizard.open", params: {} }); // no id: no request
  port1.postMessage({ jsonrpc: "2.0", method: "extension.closed", params: { code: "agent_missing" } });
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  expect(openWizard).not.toHaveBeenCalled();
  expect(agent.isClosed).toBe(true);
  port1.close();
});
