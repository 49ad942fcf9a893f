import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { acceptPages } from "../src/content/handshake.ts";
import type { PageMessage, PageWindow } from "../src/content/handshake.ts";
import { PageChannel } from "../src/content/page-channel.ts";
import { Client } from "../src/bridge/client.ts";
import { browserPair, pairResult, wizardStepped } from "../src/bridge/page.ts";
import { ParseError, record } from "../src/bridge/parse.ts";
import { pageTransport } from "../src/sdk/page-transport.ts";
import { TestTransport } from "./transport.ts";

/** A window as both halves see it: what is posted comes back as an event, with the true source. */
class TestWindow implements PageWindow {
  readonly location = { origin: "https://ca.example" };
  readonly posted: unknown[] = [];
  readonly #listeners: ((event: PageMessage) => void)[] = [];

  addEventListener(_: "message", listener: (event: PageMessage) => void): void {
    this.#listeners.push(listener);
  }
  postMessage(data: unknown, targetOrigin: string, ports: readonly MessagePort[] = []): void {
    expect(targetOrigin).toBe(this.location.origin);
    this.posted.push(data);
    this.deliver({ data, origin: this.location.origin, source: this, ports });
  }
  deliver(event: PageMessage): void {
    this.#listeners.forEach((listener) => listener(event));
  }
}

let page: TestWindow;
const open: MessagePort[] = [];
beforeEach(() => (page = new TestWindow()));
afterEach(() => {
  open.splice(0).forEach((port) => port.close());
  vi.useRealTimers();
});

function channel(): [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  return [port1, port2];
}

const connect = { type: "odnowa.connect", versions: [1] };
const firstMessage = (port: MessagePort) =>
  new Promise<unknown>((resolve) => (port.onmessage = (event: MessageEvent<unknown>) => resolve(event.data)));

describe("the content script", () => {
  test("says that it is there and answers a port", async () => {
    const accepted = vi.fn();
    acceptPages(page, "0.1.0", () => true, accepted);
    expect(page.posted).toEqual([{ type: "odnowa.present" }]);
    const [mine, theirs] = channel();
    page.postMessage(connect, page.location.origin, [theirs]);
    await expect(firstMessage(mine)).resolves.toEqual({ type: "odnowa.ready", version: 1, extension: "0.1.0", resume: true });
    expect(accepted).toHaveBeenCalledOnce();
  });

  test("refuses a page that speaks no version of ours", async () => {
    const accepted = vi.fn();
    acceptPages(page, "0.1.0", () => false, accepted);
    const [mine, theirs] = channel();
    page.postMessage({ ...connect, versions: [7] }, page.location.origin, [theirs]);
    await expect(firstMessage(mine)).resolves.toMatchObject({ version: 0 });
    expect(accepted).not.toHaveBeenCalled();
  });

  test("does not look at frames, other origins and other messages", () => {
    const accepted = vi.fn();
    acceptPages(page, "0.1.0", () => false, accepted);
    const [, port] = channel();
    const [, second] = channel();
    const message = { data: connect, origin: page.location.origin, source: page, ports: [port] };
    page.deliver({ ...message, source: {} });
    page.deliver({ ...message, origin: "https://evil.example" });
    page.deliver({ ...message, ports: [] });
    page.deliver({ ...message, ports: [port, second] });
    page.deliver({ ...message, data: { type: "other" } });
    page.deliver({ ...message, data: { type: "odnowa.connect", versions: "1" } });
    page.deliver({ ...message, data: null });
    expect(accepted).not.toHaveBeenCalled();
  });

  test("takes a bounded number of open ports", () => {
    const ends: (() => void)[] = [];
    acceptPages(page, "0.1.0", () => false, (_, ended) => ends.push(ended));
    const hand = () => page.postMessage(connect, page.location.origin, [channel()[1]]);
    for (let i = 0; i < 20; i++) hand();
    expect(ends).toHaveLength(16);
    ends[0]?.();
    hand();
    expect(ends).toHaveLength(17);
  });
});

describe("SDK and content script together", () => {
  const sdkWindow = () => page as unknown as Window;

  test("a request reaches the agent and its answer the page; closing ends the connection", async () => {
    const agent = new TestTransport();
    acceptPages(page, "0.1.0", () => false, (port, ended) => {
      new PageChannel(port, { connect: () => agent, openWizard: () => false, pair: () => Promise.resolve(false), ended });
    });
    const client = new Client(pageTransport(undefined, sdkWindow()));
    const { result } = client.call("agent.diagnose", {}, record, 1000);
    await vi.waitFor(() => expect(agent.sent).toHaveLength(1));
    agent.answer({ checks: [] });
    await expect(result).resolves.toEqual({ checks: [] });
    client.close();
    await vi.waitFor(() => expect(agent.isClosed).toBe(true));
  });

  test("the reason of a lost agent reaches the page", async () => {
    const agent = new TestTransport();
    const ended = vi.fn();
    acceptPages(page, "0.1.0", () => false, (port) => {
      new PageChannel(port, { connect: () => agent, openWizard: () => false, pair: () => Promise.resolve(false), ended });
    });
    const client = new Client(pageTransport(undefined, sdkWindow()));
    const { result } = client.call("agent.diagnose", {}, record, 1000);
    await vi.waitFor(() => expect(agent.sent).toHaveLength(1));
    agent.end("agent_crashed");
    await expect(result).rejects.toMatchObject({ source: "extension", code: "agent_crashed" });
    expect(ended).toHaveBeenCalledOnce();
  });

  test("the wizard opens where the page has a place for it, tells its screens' names and when it closes", async () => {
    let done: () => void = () => undefined;
    let step: (name: string) => void = () => undefined;
    acceptPages(page, "0.1.0", () => false, (port, ended) => {
      const openWizard = (closed: () => void, told: (name: string) => void) => {
        done = closed;
        step = told;
        return true;
      };
      new PageChannel(port, { connect: () => new TestTransport(), openWizard, pair: () => Promise.resolve(false), ended });
    });
    const client = new Client(pageTransport(undefined, sdkWindow()));
    const closed = vi.fn();
    client.on("wizard.closed", closed);
    const stepped = vi.fn();
    client.on("wizard.step", (params) => {
      stepped(wizardStepped(params).step);
    });
    await expect(client.call("wizard.open", {}, record, 1000).result).resolves.toEqual({});
    step("code");
    await vi.waitFor(() => expect(stepped).toHaveBeenCalledWith("code"));
    done();
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce());
    client.close();
  });

  test.each([true, false])("a pairing is asked for by the extension itself: %s", async (paired) => {
    const agent = new TestTransport();
    const pair = vi.fn(() => Promise.resolve(paired));
    acceptPages(page, "0.1.0", () => false, (port, ended) => {
      new PageChannel(port, { connect: () => agent, openWizard: () => false, pair, ended });
    });
    const client = new Client(pageTransport(undefined, sdkWindow()));
    await expect(client.call(browserPair, {}, pairResult, 1000).result).resolves.toEqual({ paired });
    expect(pair).toHaveBeenCalledOnce();
    expect(agent.sent).toEqual([]);
    client.close();
  });

  test("a connection that the agent refuses says so with the agent's code", async () => {
    const agent = new TestTransport();
    acceptPages(page, "0.1.0", () => false, (port, ended) => {
      new PageChannel(port, { connect: () => agent, openWizard: () => false, pair: () => Promise.resolve(false), ended });
    });
    const client = new Client(pageTransport(undefined, sdkWindow()));
    const { result } = client.call("agent.diagnose", {}, record, 1000);
    await vi.waitFor(() => expect(agent.sent).toHaveLength(1));
    agent.end("not_paired");
    await expect(result).rejects.toMatchObject({ source: "agent", code: "not_paired" });
  });

  test("without an extension the call fails after a second", async () => {
    vi.useFakeTimers();
    const client = new Client(pageTransport(undefined, sdkWindow()));
    const rejected = expect(client.call("agent.diagnose", {}, record, 5000).result).rejects.toMatchObject({
      source: "extension", code: "extension_missing",
    });
    vi.advanceTimersByTime(1000);
    await rejected;
  });
});

test.each([["Jan Kowalski"], ["code 1"], [""], [7], ["a".repeat(21)]])("a step is a name, not %j", (step) => {
  expect(() => wizardStepped({ step })).toThrow(ParseError);
});

test("an extension that the page refuses is not asked anything", async () => {
  acceptPages(page, "0.1.0", () => false, (port, ended) => {
    port.onmessage = () => expect.unreachable();
    ended();
  });
  const client = new Client(pageTransport(({ extension }) => (extension === "0.1.0" ? "extension_outdated" : undefined), page as unknown as Window));
  await expect(client.call("agent.hello", {}, record, 1000).result).rejects.toMatchObject({ code: "extension_outdated" });
});
