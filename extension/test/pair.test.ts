import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Pairing } from "../src/content/pairing.ts";
import type { WorkerPort } from "../src/content/pairing.ts";
import { fromBase64, toBase64 } from "../src/worker/bytes.ts";
import { pair } from "../src/worker/pair.ts";
import { commitment, newKey, newNonce } from "../src/worker/pairing.ts";
import type { PagePort } from "../src/worker/relay.ts";
import { pairingId, serverPairing, serverProof, TestService } from "./service.ts";

const nonce = newNonce();
const challenge = { type: "challenge", nonce: toBase64(nonce) };

/** One end of the port between content script and worker. */
class End implements PagePort, WorkerPort {
  readonly #heard: ((message: unknown) => void)[] = [];
  readonly #left: (() => void)[] = [];
  other: End | undefined;
  isOpen = true;
  onMessage = { addListener: (listener: (message: unknown) => void) => this.#heard.push(listener) };
  onDisconnect = { addListener: (listener: () => void) => this.#left.push(listener) };
  postMessage(message: unknown): void {
    if (!this.isOpen) throw new Error("Attempting to use a disconnected port object");
    this.other?.hear(message);
  }
  hear(message: unknown): void {
    this.#heard.forEach((listener) => listener(message));
  }
  disconnect(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { other } = this;
    if (!other?.isOpen) return;
    other.isOpen = false;
    other.#left.forEach((listener) => listener());
  }
}

/** A person's dialog joined to the worker, and the worker to what the test plays. */
function start(extension?: string) {
  const services: TestService[] = [];
  const done = vi.fn<(paired: boolean) => void>();
  const stages: string[] = [];
  const connect = () => {
    const [mine, theirs] = [new End(), new End()];
    mine.other = theirs;
    theirs.other = mine;
    const service = new TestService();
    services.push(service);
    pair(theirs, service, extension);
    return mine;
  };
  const dialog: Pairing = new Pairing(connect, () => stages.push(dialog.stage.at), done);
  dialog.start();
  return { dialog, done, stages, services };
}

type Started = ReturnType<typeof start>;
const last = ({ services }: Started) => services[services.length - 1] ?? new TestService();
const failed = (s: Started, code: string) =>
  vi.waitFor(() => expect(s.dialog.stage).toMatchObject({ at: "failed", error: { code } }));
/** Nothing is kept, nothing stays open. */
const cleared = (s: Started) => {
  for (const { kept, socket } of s.services) expect([kept, socket.isClosed]).toEqual([undefined, true]);
  expect(vi.getTimerCount()).toBe(0);
};

/** An honest service up to the code; gives the secret. */
async function compare(s: Started): Promise<Uint8Array<ArrayBuffer>> {
  const { socket } = last(s);
  socket.open();
  socket.say(challenge);
  const { code, secret } = await serverPairing(socket);
  await vi.waitFor(() => expect(s.dialog.stage).toMatchObject({ at: "compare", code }));
  return secret;
}

/** The person says yes in the agent's window. */
async function agree(s: Started, secret: Uint8Array<ArrayBuffer>): Promise<void> {
  const { socket } = last(s);
  socket.say({ type: "paired", pairing: pairingId });
  socket.say({ type: "proved", proof: await serverProof(socket, 2, secret, nonce) });
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

describe("a pairing", () => {
  test("is kept after yes in the window and then here", async () => {
    const s = start();
    const secret = await compare(s);
    await agree(s, secret);
    await vi.waitFor(() => expect(s.dialog.stage).toMatchObject({ saidHere: false, saidThere: true }));
    expect(last(s).kept).toBeUndefined();
    s.dialog.same();
    await vi.waitFor(() => expect(s.done.mock.calls).toEqual([[true]]));
    expect(last(s).kept).toEqual({ id: pairingId, secret });
    expect(last(s).socket.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is kept after yes here and then in the window", async () => {
    const s = start();
    const secret = await compare(s);
    s.dialog.same();
    s.dialog.same();
    expect(s.dialog.stage).toMatchObject({ saidHere: true, saidThere: false });
    await agree(s, secret);
    await vi.waitFor(() => expect(s.done.mock.calls).toEqual([[true]]));
    expect(last(s).kept).toEqual({ id: pairingId, secret });
  });

  test("commits to its nonce before it sees the service's, and reveals that one", async () => {
    const s = start();
    await compare(s);
    const [first, second] = last(s).socket.sent;
    expect(Object.keys(first ?? {}).sort()).toEqual(["commitment", "key", "type"]);
    const revealed = await commitment(fromBase64(first?.["key"] ?? ""), fromBase64(second?.["nonce"] ?? ""));
    expect(first?.["commitment"]).toBe(toBase64(revealed));
    s.dialog.cancel();
  });

  test("names the extension where its origin does not", async () => {
    const s = start("odnowa@ca.example");
    await compare(s);
    expect(last(s).socket.sent[0]).toMatchObject({ type: "pair", extension: "odnowa@ca.example" });
    s.dialog.cancel();
  });

  test("waits for its person as long as the service lets it", async () => {
    const s = start();
    await compare(s);
    vi.advanceTimersByTime(600_000);
    expect(s.dialog.stage.at).toBe("compare");
    last(s).socket.say({ type: "refused", code: "timeout" });
    await failed(s, "timeout");
    cleared(s);
  });

  test("can be tried again, with another key and nonce", async () => {
    const s = start();
    await compare(s);
    last(s).socket.say({ type: "refused", code: "pairing_refused" });
    await failed(s, "pairing_refused");
    s.dialog.start();
    const secret = await compare(s);
    expect(s.services[0]?.socket.sent[0]?.["key"]).not.toBe(s.services[1]?.socket.sent[0]?.["key"]);
    s.dialog.same();
    await agree(s, secret);
    await vi.waitFor(() => expect(s.done.mock.calls).toEqual([[true]]));
  });
});

describe("nothing is kept", () => {
  test("when the person says that the codes differ: the window closes with the connection", async () => {
    const s = start();
    await compare(s);
    s.dialog.differ();
    await failed(s, "pairing_refused");
    cleared(s);
  });

  test("when somebody answers `paired` by himself, and nobody says yes here", async () => {
    const s = start();
    const secret = await compare(s);
    await agree(s, secret);
    await vi.waitFor(() => expect(s.dialog.stage).toMatchObject({ saidThere: true }));
    s.dialog.cancel();
    expect(s.done.mock.calls).toEqual([[false]]);
    cleared(s);
  });

  test("when the service then does not know the secret", async () => {
    const s = start();
    await compare(s);
    s.dialog.same();
    await agree(s, newNonce());
    await failed(s, "agent_impostor");
    cleared(s);
  });

  test.each(["opening", "compare"])("when the person gives up at %s", async (at) => {
    const s = start();
    if (at === "compare") await compare(s);
    else last(s).socket.open();
    s.dialog.cancel();
    expect(s.done.mock.calls).toEqual([[false]]);
    cleared(s);
  });

  test.each<[string, string, (s: Started) => unknown]>([
    ["no agent is there", "agent_missing", (s) => last(s).socket.drop()],
    ["the extension is not listed", "pairing_refused", (s) => {
      last(s).socket.open();
      last(s).socket.say(challenge);
      last(s).socket.say({ type: "refused", code: "pairing_refused" });
    }],
    ["another window is open", "busy", async (s) => {
      await compare(s);
      s.dialog.same();
      last(s).socket.say({ type: "refused", code: "busy" });
    }],
    ["the service ends while the window is open", "agent_unreachable", async (s) => {
      await compare(s);
      last(s).socket.drop();
    }],
    ["the service's key is of low order", "pairing_refused", async (s) => {
      last(s).socket.open();
      last(s).socket.say(challenge);
      await last(s).socket.heard(0);
      last(s).socket.say({ type: "key", key: toBase64(new Uint8Array(32)), nonce: toBase64(nonce) });
    }],
    ["the service's key is short", "agent_unexpected", async (s) => {
      last(s).socket.open();
      last(s).socket.say(challenge);
      await last(s).socket.heard(0);
      last(s).socket.say({ type: "key", key: "AAAA", nonce: toBase64(nonce) });
    }],
    ["`paired` comes before the code", "agent_unexpected", (s) => {
      last(s).socket.open();
      last(s).socket.say(challenge);
      last(s).socket.say({ type: "paired", pairing: pairingId });
    }],
    ["the pairing has no id of ours", "agent_unexpected", async (s) => {
      await compare(s);
      last(s).socket.say({ type: "paired", pairing: "../1" });
    }],
  ])("when %s", async (_, code, fault) => {
    const s = start();
    await Promise.resolve();
    await fault(s);
    await failed(s, code);
    cleared(s);
    expect(s.done).not.toHaveBeenCalled();
  });
});

test("an extension that was updated meanwhile says so", () => {
  const gone = () => {
    throw new Error("Extension context invalidated.");
  };
  const dialog = new Pairing(gone, () => undefined, () => undefined);
  dialog.start();
  expect(dialog.stage).toMatchObject({ at: "failed", error: { source: "extension", code: "extension_reloaded" } });
});

test("a key agreement needs WebCrypto's X25519", async () => expect((await newKey()).public).toHaveLength(32));
