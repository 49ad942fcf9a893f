import { expect, test, vi } from "vitest";
import { Agent } from "../src/bridge/agent.ts";
import { TestTransport } from "./transport.ts";

const hello = {
  agent: { name: "odnowa-agent", version: "1" },
  version: 1,
  features: null,
  limits: { documentBytes: 1, windowMs: 1000 },
};
const none = { certificates: null, refused: null, modules: null };

function start() {
  const transports: TestTransport[] = [];
  const agent = new Agent(() => {
    const transport = new TestTransport();
    transports.push(transport);
    return transport;
  }, "pl");
  const last = () => transports.at(-1) ?? new TestTransport();
  return { agent, transports, last };
}

/** Waits until the agent has sent that many messages. */
const sent = (transport: () => TestTransport, count: number) =>
  vi.waitFor(() => expect(transport().sent).toHaveLength(count));

test("hello comes first, with language and versions, and only once", async () => {
  const { agent, last, transports } = start();
  const lists = [agent.certificates(), agent.certificates({ valid: true })];
  expect(last().sent).toMatchObject([{ method: "agent.hello", params: { versions: [1], language: "pl" } }]);
  last().answer(hello);
  await sent(last, 3);
  expect(last().sent[2]).toMatchObject({ method: "certificates.list", params: { filter: { valid: true } } });
  last().answer(none, 1);
  last().answer(none, 2);
  await expect(Promise.all(lists)).resolves.toEqual([
    { certificates: [], refused: [], modules: [] },
    { certificates: [], refused: [], modules: [] },
  ]);
  expect(transports).toHaveLength(1);
});

test("after a loss the next call connects anew", async () => {
  const { agent, last, transports } = start();
  const lost = vi.fn();
  agent.onLost(lost);
  const first = agent.diagnose();
  last().end("agent_missing");
  await expect(first).rejects.toMatchObject({ code: "agent_missing" });
  expect(lost).toHaveBeenCalledOnce();
  const second = agent.diagnose();
  expect(transports).toHaveLength(2);
  last().answer(hello);
  await sent(last, 2);
  last().answer({ checks: [{ id: "card", state: "of_a_newer_agent" }] });
  await expect(second).resolves.toEqual({ checks: [{ id: "card", state: "unknown" }] });
});

test("a refused hello closes the connection", async () => {
  const { agent, last, transports } = start();
  const call = agent.certificates();
  const error = { code: -32004, message: "x", data: { code: "version_unsupported" } };
  last().receive({ jsonrpc: "2.0", id: last().sent[0]?.["id"], error });
  await expect(call).rejects.toMatchObject({ code: "version_unsupported" });
  await vi.waitFor(() => expect(transports[0]?.isClosed).toBe(true));
});

test("a signature has an id for cancelling, and tells of its progress", async () => {
  const { agent, last } = start();
  const heard = vi.fn();
  agent.onProgress(heard);
  const document = { name: "a.pdf", mediaType: "application/pdf", bytes: "AA==" };
  const starting = agent.sign({ certificateId: "a".repeat(64), document, format: "pades", seal: "s" });
  last().answer(hello);
  const call = await starting;
  expect(last().sent[1]).toMatchObject({ id: call.id, method: "signature.create", params: { format: "pades", seal: "s" } });
  for (const state of ["waiting_for_pin", "of_a_newer_agent"]) {
    last().receive({ jsonrpc: "2.0", method: "signature.progress", params: { requestId: call.id, state } });
  }
  expect(heard.mock.calls).toEqual([[{ requestId: call.id, state: "waiting_for_pin" }]]);
  last().answer({ cms: "MAA=", algorithm: "RS256", shown: null }, 1);
  await expect(call.result).resolves.toEqual({ cms: "MAA=", algorithm: "RS256", shown: [] });
});
