import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClosedCode } from "../src/bridge/codes.ts";
import { agentCodes, extensionCodes } from "../src/bridge/codes.ts";
import { toBase64 } from "../src/worker/bytes.ts";
import { newNonce } from "../src/worker/pairing.ts";
import { serviceTransport, withFallback } from "../src/worker/service.ts";
import { pairingId, serverProof, TestService } from "./service.ts";
import { TestTransport } from "./transport.ts";

const secret = newNonce();
const nonce = newNonce();
const challenge = { type: "challenge", nonce: toBase64(nonce) };
const hello = { jsonrpc: "2.0", id: "1", method: "agent.hello", params: {} };
const answer = { jsonrpc: "2.0", id: "1", result: {} };

/** A connection of a browser that was paired (or not), as the relay sees it. */
function start(paired = true) {
  const service = new TestService(paired ? secret : undefined);
  const transport = serviceTransport(service);
  const received: unknown[] = [];
  const closed = vi.fn<(code: ClosedCode) => void>();
  transport.listen((message) => received.push(message), closed);
  transport.send(hello);
  const ended = async (code: ClosedCode) => {
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
    expect(closed.mock.calls).toEqual([[code]]);
    expect(service.socket.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  };
  return { service, socket: service.socket, transport, received, closed, ended };
}

/** Lets the service prove itself, so that messages of the bridge pass. */
async function join(connection: ReturnType<typeof start>) {
  const { socket } = connection;
  socket.open();
  socket.say(challenge);
  socket.say({ type: "proved", proof: await serverProof(socket, 0, secret, nonce) });
  await socket.heard(1);
  return connection;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

describe("a paired browser", () => {
  test("proves itself, and speaks once the service has, too", async () => {
    const c = start();
    c.socket.open();
    c.socket.say(challenge);
    const prove = await c.socket.heard(0);
    expect(Object.keys(prove).sort()).toEqual(["nonce", "pairing", "proof", "type"]);
    expect(prove).toMatchObject({ type: "prove", pairing: pairingId });
    expect(c.socket.sent).toHaveLength(1);
    c.socket.say({ type: "proved", proof: await serverProof(c.socket, 0, secret, nonce) });
    expect(await c.socket.heard(1)).toEqual(hello);
    c.socket.say(answer);
    expect(c.received).toEqual([answer]);
    expect(c.closed).not.toHaveBeenCalled();
  });

  test("keeps its worker awake while it is connected", async () => {
    const c = await join(start());
    vi.advanceTimersByTime(60_000);
    expect(c.service.awake).toBe(3);
    c.transport.close();
    expect(c.socket.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("says why a connection ended later", async () => {
    const c = await join(start());
    c.socket.drop();
    c.socket.drop();
    expect(c.closed.mock.calls).toEqual([["agent_unreachable"]]);
    expect(() => c.transport.send(hello)).toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["nobody answers the port", "service_stopped", (c: ReturnType<typeof start>) => c.socket.drop()],
    ["the port is held back", "service_stopped", () => vi.advanceTimersByTime(10_000)],
    ["the service knows no such pairing", "not_paired", (c: ReturnType<typeof start>) => {
      c.socket.open();
      c.socket.say({ type: "refused", code: "not_paired" });
    }],
    ["the person has no session", "no_session", (c: ReturnType<typeof start>) => {
      c.socket.open();
      c.socket.say({ type: "refused", code: "no_session" });
    }],
    ["a newer service refuses with a new word", "internal", (c: ReturnType<typeof start>) => {
      c.socket.open();
      c.socket.say({ type: "refused", code: "full_moon" });
    }],
  ] as const)("hears it when %s", async (_, code, fault) => {
    const c = start();
    await Promise.resolve();
    fault(c);
    await c.ended(code);
    expect(c.socket.sent).toEqual([]);
  });
});

describe("whoever sits on the port", () => {
  test("does not know the secret: gets nothing but the browser's proof", async () => {
    const c = start();
    c.socket.open();
    c.socket.say(challenge);
    c.socket.say({ type: "proved", proof: await serverProof(c.socket, 0, newNonce(), nonce) });
    await c.ended("agent_impostor");
    expect(c.socket.sent.map(({ type }) => type)).toEqual(["prove"]);
  });

  test("sends the browser's own proof back", async () => {
    const c = start();
    c.socket.open();
    c.socket.say(challenge);
    const { proof } = await c.socket.heard(0);
    c.socket.say({ type: "proved", proof });
    await c.ended("agent_impostor");
  });

  test.each([
    ["another subprotocol", ""],
    ["a later version of ours", "odnowa.v2"],
  ])("speaks %s", async (_, protocol) => {
    const c = start();
    c.socket.protocol = protocol;
    c.socket.open();
    c.socket.say(challenge);
    await c.ended("agent_unexpected");
    expect(c.socket.sent).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["text that is no JSON", "{"],
    ["a message of another kind", JSON.stringify({ type: "key", nonce: challenge.nonce })],
    ["no object", "[]"],
    ["a short nonce", JSON.stringify({ type: "challenge", nonce: "AAAA" })],
    ["a nonce that is no base64", JSON.stringify({ type: "challenge", nonce: "*".repeat(44) })],
    ["a message beyond 4 KiB", JSON.stringify({ ...challenge, more: "x".repeat(5000) })],
    ["bytes", new ArrayBuffer(8)],
  ])("begins with %s", async (_, first) => {
    const c = start();
    c.socket.open();
    c.socket.raw(first);
    await c.ended("agent_unexpected");
  });

  test("closes in the middle", async () => {
    const c = start();
    c.socket.open();
    c.socket.say(challenge);
    await c.socket.heard(0);
    c.socket.drop();
    await c.ended("agent_unreachable");
  });

  test("falls silent in the middle", async () => {
    const c = start();
    c.socket.open();
    c.socket.say(challenge);
    await c.socket.heard(0);
    await vi.waitFor(() => {
      vi.advanceTimersByTime(10_000);
      expect(c.closed).toHaveBeenCalled();
    });
    await c.ended("agent_silent");
  });

  test("floods the browser before it was asked", async () => {
    const c = start();
    c.socket.open();
    for (let count = 0; count < 5; count++) c.socket.say(challenge);
    await c.ended("agent_unexpected");
  });

  test.each<[string, unknown]>([
    ["more than 1 MiB", JSON.stringify({ ...answer, result: "x".repeat(1 << 20) })],
    ["what is no JSON", "nonsense"],
    ["bytes", new Blob([])],
  ])("has proved itself and sends %s", async (_, data) => {
    const c = await join(start());
    c.socket.raw(data);
    await c.ended("agent_unexpected");
    expect(c.received).toEqual([]);
  });
});

describe("a browser that was never paired", () => {
  test("is told where there is an agent", async () => {
    const c = start(false);
    c.socket.open();
    c.socket.say(challenge);
    await c.ended("not_paired");
    expect(c.socket.sent).toEqual([]);
  });

  test("is told where there is none", async () => {
    const c = start(false);
    c.socket.drop();
    await c.ended("agent_missing");
  });
});

describe("native messaging first", () => {
  const begin = () => {
    const [native, other] = [new TestTransport(), new TestTransport()];
    const closed = vi.fn();
    const received = vi.fn();
    const transport = withFallback(() => native, () => other);
    transport.listen(received, closed);
    transport.send("one");
    return { native, other, closed, received, transport };
  };

  test("and nothing else where there is a host", () => {
    const { native, other, closed, received, transport } = begin();
    native.receive("answer");
    transport.send("two");
    native.end("agent_crashed");
    expect([native.sent, other.sent]).toEqual([["one", "two"], []]);
    expect(received.mock.calls).toEqual([["answer"]]);
    expect(closed.mock.calls).toEqual([["agent_crashed"]]);
  });

  test("the WebSocket where there is none, with what was sent already", () => {
    const { native, other, closed, received, transport } = begin();
    transport.send("two");
    native.end("agent_missing");
    transport.send("three");
    other.receive("answer");
    expect(other.sent).toEqual(["one", "two", "three"]);
    expect(received.mock.calls).toEqual([["answer"]]);
    other.end("agent_missing");
    expect(closed.mock.calls).toEqual([["agent_missing"]]);
    transport.close();
    expect(other.isClosed).toBe(true);
  });

  test.each(["agent_blocked", "agent_forbidden", "agent_crashed", "agent_unreachable"] as const)("no way round %s", (code) => {
    const { native, other, closed } = begin();
    native.end(code);
    expect(other.sent).toEqual([]);
    expect(closed.mock.calls).toEqual([[code]]);
  });

  test("the WebSocket where the browser has no native messaging at all", () => {
    const other = new TestTransport();
    const transport = withFallback(() => {
      throw new TypeError("chrome.runtime.connectNative is not a function");
    }, () => other);
    transport.listen(() => undefined, () => undefined);
    transport.send("one");
    expect(other.sent).toEqual(["one"]);
  });

  test("no new connection for a page that left", () => {
    const { native, other, transport } = begin();
    transport.close();
    native.end("agent_missing");
    expect(other.sent).toEqual([]);
  });
});

test("no code belongs to both the agent and the browser side", () => {
  const own: readonly string[] = extensionCodes;
  expect(agentCodes.filter((code) => own.includes(code))).toEqual([]);
});
