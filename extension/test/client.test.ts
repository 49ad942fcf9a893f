import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client } from "../src/bridge/client.ts";
import { string } from "../src/bridge/parse.ts";
import { TestTransport } from "./transport.ts";

let transport: TestTransport;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  transport = new TestTransport();
  client = new Client(transport);
});
afterEach(() => vi.useRealTimers());

const ask = () => client.call("certificates.list", { filter: {} }, string, 1000).result;
const failure = { source: "extension" };

test("an answer settles the call and clears it", async () => {
  const result = ask();
  transport.answer("yes");
  await expect(result).resolves.toBe("yes");
  expect(client.waiting).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("answers in another order reach their own calls", async () => {
  const [first, second] = [ask(), ask()];
  transport.answer("second", 1);
  transport.answer("first", 0);
  await expect(Promise.all([first, second])).resolves.toEqual(["first", "second"]);
});

test("an error is decided by data.code, not by its number", async () => {
  const result = ask();
  const data = { code: "pin_incorrect", triesLeft: 2 };
  transport.receive({ jsonrpc: "2.0", id: transport.sent[0]?.["id"], error: { code: -32018, message: "x", data } });
  await expect(result).rejects.toMatchObject({ source: "agent", code: "pin_incorrect", detail: { triesLeft: 2 } });
  expect(client.waiting).toBe(0);
});

test.each([undefined, {}, { code: 7 }, { code: "of_a_newer_agent" }])("an error with data %j is internal", async (data) => {
  const result = ask();
  transport.receive({ jsonrpc: "2.0", id: transport.sent[0]?.["id"], error: { code: -1, message: "x", data } });
  await expect(result).rejects.toMatchObject({ source: "agent", code: "internal" });
});

test("a result that does not parse fails the call", async () => {
  const result = ask();
  transport.answer(42);
  await expect(result).rejects.toMatchObject({ ...failure, code: "agent_unexpected" });
});

test("silence ends in a timeout and a late answer is dropped", async () => {
  const result = ask();
  const rejected = expect(result).rejects.toMatchObject({ ...failure, code: "agent_silent" });
  vi.advanceTimersByTime(1000);
  await rejected;
  expect(client.waiting).toBe(0);
  transport.answer("late");
});

test("a lost channel fails what waits and what comes after", async () => {
  const lost = vi.fn();
  client = new Client(transport, lost);
  const results = [ask(), ask()];
  transport.end("agent_crashed");
  transport.end("agent_unreachable");
  for (const result of [...results, ask()]) await expect(result).rejects.toMatchObject({ code: "agent_crashed" });
  expect(client.waiting).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(lost).toHaveBeenCalledOnce();
});

test("a failed send fails its call only", async () => {
  transport.failing = true;
  await expect(ask()).rejects.toMatchObject({ ...failure, code: "agent_unreachable" });
  expect(client.waiting).toBe(0);
  transport.failing = false;
  const result = ask();
  transport.answer("yes");
  await expect(result).resolves.toBe("yes");
});

test("closing fails what waits as cancelled", async () => {
  const result = ask();
  client.close();
  await expect(result).rejects.toMatchObject({ source: "agent", code: "request_cancelled" });
  expect(transport.isClosed).toBe(true);
});

test.each([null, 7, "x", [], {}, { jsonrpc: "1.0", id: "a", result: 1 }, { jsonrpc: "2.0", id: "a" }, { jsonrpc: "2.0", id: "a", result: 1, error: {} }])(
  "a message that is not of the protocol is dropped: %j",
  (message) => {
    void ask().catch(() => undefined);
    transport.receive(message);
    expect(client.waiting).toBe(1);
  },
);

test("notifications reach their listeners until they stop", () => {
  const heard = vi.fn();
  const stop = client.on("certificates.changed", heard);
  const notification = { jsonrpc: "2.0", method: "certificates.changed", params: {} };
  transport.receive(notification);
  stop();
  transport.receive(notification);
  expect(heard).toHaveBeenCalledOnce();
});
