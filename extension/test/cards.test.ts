// Step 4: what the list of certificates says where there is none, and what it does by itself.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Agent } from "../src/bridge/agent.ts";
import { extensionError } from "../src/bridge/error.ts";
import type { ListResult } from "../src/bridge/types.gen.ts";
import { Portal } from "../src/portal/portal.ts";
import { listen } from "../src/wizard/actions.ts";
import { backAtCards, loadCards } from "../src/wizard/cards.ts";
import { copyReport, saveCalendar, switchLanguage } from "../src/wizard/support.ts";
import type { Renewal } from "../src/portal/parse.ts";
import type { Host } from "../src/wizard/wizard.ts";
import { Wizard } from "../src/wizard/wizard.ts";
import { TestTransport } from "./transport.ts";

vi.stubGlobal("ODNOWA_VERSION", "1.2.3");
vi.stubGlobal("navigator", { userAgent: "Test/1", language: "pl-PL", onLine: true });

const hello = { agent: { name: "a", version: "4.5.6" }, version: 1, features: [], limits: { documentBytes: 1, windowMs: 1000 } };
const none: ListResult = { certificates: [], refused: [], modules: [] };

/** Answers as an agent with this list and these checks; without checks it stays silent on them. */
class ListTransport extends TestTransport {
  list: object = none;
  checks: object[] | undefined = [];
  override send(message: unknown): void {
    super.send(message);
    const { method } = message as { method: string };
    queueMicrotask(() => {
      if (method === "agent.hello") this.answer(hello);
      if (method === "certificates.list") this.answer(this.list);
      if (method === "agent.diagnose" && this.checks) this.answer({ checks: this.checks });
    });
  }
  lists = () => this.sent.filter(({ method }) => method === "certificates.list").length;
}

let transport: ListTransport;
let opened: ListTransport[];
let w: Wizard;
const copy = vi.fn<(text: string) => Promise<void>>();
const save = vi.fn<(name: string, mediaType: string, content: string) => void>();

beforeEach(() => {
  opened = [];
  transport = new ListTransport();
  const connect = () => {
    const next = opened.length === 0 ? transport : new ListTransport();
    opened.push(next);
    return next;
  };
  const host: Host = { closed: vi.fn(), pair: () => Promise.resolve(false), reload: vi.fn(), print: vi.fn(), speak: vi.fn(), copy, save };
  w = new Wizard("pl", new Portal("https://ca.example"), new Agent(connect, "pl"), { draw: () => undefined, focus: () => undefined }, host);
  w.busy = undefined;
  w.screen = "certificate";
});
afterEach(() => {
  w.stop();
  vi.useRealTimers();
  copy.mockReset();
});

describe("an empty list says why", () => {
  test.each([["reader", "no_reader"], ["modules", "no_module"], ["modules", "pcsc_stopped"], ["card", "no_card"], ["window", "window_unavailable"]])(
    "%s: %s",
    async (id, code) => {
      transport.checks = [{ id: "agent", state: "ok" }, { id, state: "failed", code }, { id: "certificate", state: "unknown" }];
      await loadCards(w);
      expect(w.cardsMissing?.code).toBe(code);
    },
  );

  test("and nothing where the agent doesn't say it", async () => {
    transport.checks = [{ id: "agent", state: "ok" }];
    await loadCards(w);
    expect([w.cards?.certificates, w.cardsMissing, w.cardsProblem]).toEqual([[], undefined, undefined]);
  });

  test("an answer of before the card was put in is dropped", async () => {
    transport.checks = undefined;
    const first = loadCards(w);
    await vi.waitFor(() => expect(transport.sent.at(-1)?.method).toBe("agent.diagnose"));
    const asked = transport.sent.at(-1)?.["id"];
    transport.checks = [];
    await loadCards(w);
    transport.receive({ jsonrpc: "2.0", id: asked, result: { checks: [{ id: "reader", state: "failed", code: "no_reader" }] } });
    await first;
    expect(w.cardsMissing).toBeUndefined();
  });
});

test("a card that is still being read is looked at again, as long as the person is there", async () => {
  vi.useFakeTimers();
  transport.list = { ...none, modules: [{ name: "m", code: "module_slow" }] };
  await loadCards(w);
  expect(transport.lists()).toBe(1);
  await vi.advanceTimersByTimeAsync(2100);
  expect(transport.lists()).toBe(2);
  w.screen = "application";
  await vi.advanceTimersByTimeAsync(10_000);
  expect(transport.lists()).toBe(2);
});

describe("an agent that is lost at the list", () => {
  beforeEach(() => listen(w));

  test("is asked again by itself, as after an update", async () => {
    await loadCards(w);
    transport.end("agent_crashed");
    await vi.waitFor(() => expect(opened[1]?.lists()).toBe(1));
    expect([w.cardsProblem, w.noted.map(({ code }) => code)]).toEqual([undefined, ["agent_crashed"]]);
  });

  test("twice at once is told of, and not asked for ever", async () => {
    await loadCards(w);
    transport.end("agent_crashed");
    await vi.waitFor(() => expect(opened[1]?.lists()).toBe(1));
    opened[1]?.end("agent_crashed");
    await vi.waitFor(() => expect(w.cardsProblem?.code).toBe("agent_crashed"));
    expect(opened).toHaveLength(2);
  });

  test.each(["agent_blocked", "not_paired", "extension_reloaded"] as const)("for good is told of: %s", async (code) => {
    await loadCards(w);
    transport.end(code);
    expect(w.cardsProblem?.code).toBe(code);
    expect(opened).toHaveLength(1);
  });
});

test("who comes back to a list that failed finds it asked for again; one that is there stays", async () => {
  await loadCards(w);
  backAtCards(w);
  expect(transport.lists()).toBe(1);
  w.cardsProblem = extensionError("agent_missing");
  backAtCards(w);
  await vi.waitFor(() => expect(transport.lists()).toBe(2));
  await vi.waitFor(() => expect(w.cardsProblem).toBeUndefined());
});

test("another language connects the agent anew, so that its windows speak it", async () => {
  await loadCards(w);
  switchLanguage(w);
  await vi.waitFor(() => expect(opened).toHaveLength(2));
  await vi.waitFor(() => expect(opened[1]?.sent[0]).toMatchObject({ method: "agent.hello", params: { language: "en" } }));
  expect(opened[0]?.isClosed).toBe(true);
  expect(w.cardsProblem).toBeUndefined();
});

describe("the report for support", () => {
  test("has the agent's version and checks, and is copied", async () => {
    copy.mockResolvedValueOnce();
    transport.checks = [{ id: "card", state: "failed", code: "no_card" }];
    await copyReport(w);
    expect(copy).toHaveBeenCalledWith(expect.stringMatching(/agent: 4\.5\.6\n[\s\S]*check card: failed \(no_card\)/));
    expect(w.report?.copied).toBe(true);
  });

  test("is shown to be copied by hand where the browser refuses", async () => {
    copy.mockRejectedValueOnce(new Error("NotAllowedError"));
    await copyReport(w);
    expect(w.report).toMatchObject({ copied: false, text: expect.stringContaining("Odnowa") as string });
  });

  test("does not wait long for an agent that is silent", async () => {
    vi.useFakeTimers();
    copy.mockResolvedValueOnce();
    transport.checks = undefined;
    const copied = copyReport(w);
    await vi.advanceTimersByTimeAsync(2100);
    await copied;
    expect(w.report?.text).toContain("agent: 4.5.6");
  });
});

test("the reminder is saved as a file, and only once there is a certificate", async () => {
  await saveCalendar(w);
  expect(save).not.toHaveBeenCalled();
  w.info = { support: { email: "pomoc@ca.example", phone: "1" } } as NonNullable<Wizard["info"]>;
  w.renewal = { nextNeedsIdentification: true, issued: { sha256: "0".repeat(64), validity: { notBefore: "2026-11-25T00:00:00Z", notAfter: "2028-11-24T00:00:00Z" } } } as Renewal;
  await saveCalendar(w);
  expect(save).toHaveBeenCalledWith("odnowienie-certyfikatu.ics", "text/calendar;charset=utf-8", expect.stringMatching(/^BEGIN:VCALENDAR\r\n/));
});
