import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Agent } from "../src/bridge/agent.ts";
import { agentError, portalError } from "../src/bridge/error.ts";
import { Portal } from "../src/portal/portal.ts";
import * as actions from "../src/wizard/actions.ts";
import type { Focus, Host } from "../src/wizard/wizard.ts";
import { failureOf } from "../src/wizard/failure.ts";
import { Wizard } from "../src/wizard/wizard.ts";
import { startPortal } from "../preview/portal.mjs";
import type { PreviewPortal } from "../preview/portal.mjs";
import { TestTransport } from "./transport.ts";

const id = "a".repeat(64);
const listed = {
  id, der: "MAA=", chain: [], source: "card", token: "TEST", reader: "TEST", keyType: "RSA", keyBits: 2048,
  algorithms: ["RS256"], keyUsage: ["nonRepudiation"], pin: "ok", pinPad: false,
};
const old = {
  id, serialNumber: "1", issuer: "TEST", subject: { commonName: "Żaneta TESTOWA", country: "PL" },
  validity: { notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z" },
};
const hello = { agent: { name: "a", version: "1" }, version: 1, features: [], limits: { documentBytes: 1, windowMs: 1000 } };

/** Answers as an agent with one card; `outcome` is what becomes of a signature: "ok", "waits" or a code. */
class CardTransport extends TestTransport {
  outcome = "ok";
  more: object[] = [];
  override send(message: unknown): void {
    super.send(message);
    const { method } = message as { method: string };
    queueMicrotask(() => {
      if (method === "agent.hello") this.answer(hello);
      if (method === "certificates.list") this.answer({ certificates: [listed, ...this.more], refused: [], modules: [] });
      if (method === "signature.create") this.#sign();
      if (method === "request.cancel") {
        this.answer({ cancelled: true });
        this.refuseLast("request_cancelled");
      }
    });
  }
  refuseLast(code: string): void {
    const at = this.sent.findLastIndex(({ method }) => method === "signature.create" || method === "rsign.activate");
    this.receive({ jsonrpc: "2.0", id: this.sent[at]?.["id"], error: { code: -32001, message: code, data: { code } } });
  }
  #sign(): void {
    if (this.outcome === "ok") this.answer({ cms: "MAA=", algorithm: "RS256", shown: [] });
    else if (this.outcome !== "waits") this.refuseLast(this.outcome);
  }
}

/** What the browser's EventSource hears; the test says it. */
class TestEvents extends EventTarget {
  static readonly CLOSED = 2;
  static last: TestEvents | undefined;
  readyState = 1;
  isClosed = false;
  constructor(readonly address: string) {
    super();
    TestEvents.last = this;
  }
  close(): void {
    this.isClosed = true;
  }
  say(renewal: unknown): void {
    this.dispatchEvent(new MessageEvent("renewal", { data: JSON.stringify(renewal) }));
  }
  /** The browser gives up, as after a refusal. */
  giveUp(): void {
    this.readyState = TestEvents.CLOSED;
    this.dispatchEvent(new Event("error"));
  }
}

let portal: PreviewPortal;
let transport: CardTransport;
let w: Wizard;
let focus: Focus[];
const closed = vi.fn();
const pair = vi.fn<() => Promise<boolean>>();
const copy = vi.fn<(text: string) => Promise<void>>();
const save = vi.fn<(name: string, mediaType: string, content: string) => void>();
const host: Host = { closed, pair, copy, save, reload: vi.fn(), print: vi.fn(), speak: vi.fn(), installUrl: "https://ca.example/install" };

beforeEach(async () => {
  vi.stubGlobal("EventSource", TestEvents);
  portal = await startPortal({ sdk: "", certificate: { id, old }, language: "pl" });
  transport = new CardTransport();
  focus = [];
  const view = { draw: () => undefined, focus: (target: Focus) => focus.push(target) };
  const agent = new Agent(() => transport, "pl");
  w = new Wizard("pl", new Portal(`http://127.0.0.1:${new URL(portal.origin).port}`), agent, view, host);
  actions.listen(w);
  await actions.begin(w, false);
});
afterEach(() => {
  w.stop();
  portal.stop();
  vi.unstubAllGlobals();
});

const open = async () => {
  w.form.code = "TEST-1234";
  await actions.openRenewal(w);
};
const toCertificate = async () => {
  await open();
  w.form.start = "now";
  await actions.chooseStart(w);
  await vi.waitFor(() => expect(w.cards).toBeDefined());
};
const toApplication = async () => {
  await toCertificate();
  await actions.chooseCertificate(w);
};
const toSign = async () => {
  await toApplication();
  w.form.accepted = true;
  await actions.acceptTerms(w);
};
const toReview = async () => {
  await toSign();
  await actions.signApplication(w);
  TestEvents.last?.say(portal.phone("ready"));
  actions.visit(w, "contact");
  w.form.email = "zaneta@test.example";
  w.form.phone = "600 100 200";
  await actions.giveContact(w);
};
const codes = () => w.failures.map(({ code }) => code);

test("a new person is asked what to do, then for the code", () => {
  expect(w.screen).toBe("start");
  actions.startWithCode(w, false);
  expect(w.screen).toBe("code");
  expect(focus.at(-1)).toBe("heading");
});

describe("the code", () => {
  test("is asked for where it is missing, and leads to its field", async () => {
    await actions.openRenewal(w);
    expect(w.failures).toMatchObject([{ title: w.t.missing.code, field: "code" }]);
    expect(focus.at(-1)).toBe("failure");
  });

  test("stays typed when the portal does not know it", async () => {
    w.form.code = "WRONG";
    await actions.openRenewal(w);
    expect(codes()).toEqual(["code_unknown"]);
    expect(w.form.code).toBe("WRONG");
    expect(w.busy).toBeUndefined();
  });

  test("is forgotten once it has opened the renewal", async () => {
    await open();
    expect(w.screen).toBe("offer");
    expect(w.form.code).toBe("");
  });
});

test("the whole way, with two signatures", async () => {
  await toReview();
  expect(w.screen).toBe("review");
  await actions.signConfirmation(w);
  expect(w.screen).toBe("issued");
  const signatures = transport.sent.filter(({ method }) => method === "signature.create");
  expect(signatures.map(({ params }) => (params as { format: string }).format)).toEqual(["pades", "cades"]);
  await actions.leave(w, true);
  expect(closed).toHaveBeenCalledOnce();
});

describe("activating rSign on this computer", () => {
  const progress = (state: string) =>
    transport.receive({ jsonrpc: "2.0", method: "rsign.progress", params: { requestId: w.activation?.requestId, state, code: "048215" } });
  const asked = () => transport.sent.filter(({ method }) => method === "rsign.activate");

  test("from the issued certificate: with the portal's offer, and back to the documents", async () => {
    await toReview();
    await actions.signConfirmation(w);
    actions.toActivation(w);
    const running = actions.activate(w);
    await vi.waitFor(() => expect(w.activation?.requestId).toBeDefined());
    expect(asked()).toMatchObject([{ params: { offer: "preview-offer" } }]);
    progress("waiting_for_phone");
    expect(w.activation).toMatchObject({ state: "waiting_for_phone", code: "048215" });
    progress("of_a_newer_agent");
    progress("found_by_phone");
    expect(w.activation?.state).toBe("found_by_phone");
    transport.answer({ state: "active", certificate: { ...listed, source: "rsign", reader: "" } });
    await running;
    expect(w.activated?.id).toBe(id);
    expect(focus.at(-1)).toBe("heading");
    actions.fromActivation(w);
    expect(w.screen).toBe("issued");
  });

  test("from the start: without a renewal, so without an offer", async () => {
    actions.toActivation(w);
    expect(w.screen).toBe("activate");
    const running = actions.activate(w);
    await vi.waitFor(() => expect(w.activation?.requestId).toBeDefined());
    expect(asked()[0]?.["params"]).not.toHaveProperty("offer");
    transport.refuseLast("rsign_refused");
    await running;
    expect([w.screen, codes(), w.activation]).toEqual(["activate", ["rsign_refused"], undefined]);
    actions.fromActivation(w);
    expect(w.screen).toBe("start");
  });

  test("cancelled: back at the question, nothing failed", async () => {
    actions.toActivation(w);
    const running = actions.activate(w);
    await vi.waitFor(() => expect(w.activation?.requestId).toBeDefined());
    await actions.cancelActivation(w);
    await running;
    expect([w.screen, codes(), w.activated]).toEqual(["activate", [], undefined]);
  });

  test("a progress of another request changes nothing", async () => {
    actions.toActivation(w);
    void actions.activate(w);
    await vi.waitFor(() => expect(w.activation?.requestId).toBeDefined());
    transport.receive({ jsonrpc: "2.0", method: "rsign.progress", params: { requestId: "x", state: "waiting_for_phone", code: "111111" } });
    expect(w.activation?.code).toBeUndefined();
  });

  test("what is in the cloud signs no renewal", async () => {
    transport.more = [{ ...listed, id: "b".repeat(64), source: "rsign", reader: "" }];
    await open();
    w.form.start = "now";
    await actions.chooseStart(w);
    await vi.waitFor(() => expect(w.cards).toBeDefined());
    expect(w.cards?.certificates.map(({ source }) => source)).toEqual(["card"]);
    expect(w.form.certificateId).toBe(id);
  });
});

test("after a reload the person is back at the step", async () => {
  await toSign();
  await actions.begin(w, true);
  expect(w.screen).toBe("sign");
});

test("without a reload the start screen offers to go on", async () => {
  await toSign();
  await actions.begin(w, false);
  expect(w.screen).toBe("start");
  actions.resume(w);
  expect(w.screen).toBe("sign");
});

test("cancelling says that nothing was signed, and stays on the step", async () => {
  await toSign();
  transport.outcome = "waits";
  const signing = actions.signApplication(w);
  await vi.waitFor(() => expect(w.signing?.requestId).toBeDefined());
  transport.receive({ jsonrpc: "2.0", method: "signature.progress", params: { requestId: w.signing?.requestId, state: "waiting_for_pin" } });
  expect(w.signing?.state).toBe("waiting_for_pin");
  await actions.cancelSigning(w);
  await signing;
  expect(w.failures).toMatchObject([{ tone: "notice", code: "request_cancelled" }]);
  expect(w.signing).toBeUndefined();
  expect(w.screen).toBe("sign");
});

test("a refused signature can be tried again", async () => {
  await toSign();
  transport.outcome = "pin_locked";
  await actions.signApplication(w);
  expect(codes()).toEqual(["pin_locked"]);
  transport.outcome = "ok";
  await actions.signApplication(w);
  expect(w.screen).toBe("signed");
  expect(w.failures).toEqual([]);
});

describe("a browser that is not paired any more", () => {
  test("is paired from the list of certificates, which then comes", async () => {
    await open();
    w.form.start = "now";
    await actions.chooseStart(w);
    transport.end("not_paired");
    await vi.waitFor(() => expect(w.cardsFailure).toMatchObject({ code: "not_paired" }));
    pair.mockResolvedValueOnce(false);
    await actions.pairBrowser(w);
    expect(w.cardsFailure).toMatchObject({ code: "not_paired" });
    pair.mockResolvedValueOnce(true);
    await actions.pairBrowser(w);
    expect(w.cardsFailure).toBeUndefined();
    expect(w.cards?.certificates).toHaveLength(1);
  });

  test("is paired from the signature's step, and signs", async () => {
    await toSign();
    transport.outcome = "not_paired";
    await actions.signApplication(w);
    expect(codes()).toEqual(["not_paired"]);
    pair.mockResolvedValueOnce(true);
    await actions.pairBrowser(w);
    expect(codes()).toEqual([]);
    transport.outcome = "ok";
    await actions.signApplication(w);
    expect(w.screen).toBe("signed");
  });
});

const asked = () => transport.sent.filter(({ method }) => method === "signature.create").length;

test.each(["issuer_unavailable", "timestamp_unavailable"])("%s costs no second signature", async (code) => {
  await toSign();
  portal.faults.set("PUT /renewal/application/signature", [503, code]);
  await actions.signApplication(w);
  expect([w.screen, codes(), asked()]).toEqual(["sign", [code], 1]);
  portal.faults.clear();
  await actions.signApplication(w);
  expect([w.screen, codes(), asked()]).toEqual(["signed", [], 1]);
});

test("a refused signature is not handed in again", async () => {
  await toSign();
  portal.faults.set("PUT /renewal/application/signature", [422, "signature_invalid"]);
  await actions.signApplication(w);
  portal.faults.clear();
  await actions.signApplication(w);
  expect([w.screen, asked()]).toEqual(["signed", 2]);
});

test("an application that has expired leads back to the order", async () => {
  await toReview();
  portal.faults.set("POST /renewal/confirmation", [422, "application_expired"]);
  portal.change({ state: "opened" }); // withdrawn, as a portal does
  await actions.signConfirmation(w);
  expect([w.screen, codes(), asked()]).toEqual(["offer", ["application_expired"], 1]);
});

test("a phone that changed since it was shown stops the confirmation before the card", async () => {
  await toReview();
  portal.change({ phone: { state: "ready", code: "999999" } });
  await actions.signConfirmation(w);
  expect(codes()).toEqual(["phone_changed"]);
  expect(w.renewal?.phone?.code).toBe("999999");
  expect(transport.sent.filter(({ method }) => method === "signature.create")).toHaveLength(1);
});

test("a certificate whose PIN was locked after it was chosen is not", async () => {
  await toCertificate();
  Object.assign(w.cards?.certificates[0] ?? {}, { pin: "locked" });
  await actions.chooseCertificate(w);
  expect([w.screen, w.failures]).toMatchObject(["certificate", [{ title: w.t.missing.certificate, field: "certificate" }]]);
});

test("a certificate that can't be renewed keeps the person on the list", async () => {
  await toCertificate();
  portal.faults.set("PUT /renewal/certificate", [422, "identity_required"]);
  await actions.chooseCertificate(w);
  expect([w.screen, codes()]).toEqual(["certificate", ["identity_required"]]);
});

test("an issuer that is away leaves the signed confirmation waiting", async () => {
  await toReview();
  portal.faults.set("PUT /renewal/confirmation/signature", [503, "issuer_unavailable"]);
  TestEvents.last?.say(portal.change({ state: "confirmation_drawn_up" }));
  portal.change({ state: "confirmed" }); // kept, as a portal does whose issuer is away
  await actions.signConfirmation(w);
  expect([w.screen, codes()]).toEqual(["issuing", ["issuer_unavailable"]]);
  await actions.issue(w);
  expect(w.screen).toBe("issued");
});

test("wrong contact data is shown at both fields, nothing is lost", async () => {
  await toSign();
  await actions.signApplication(w);
  w.form.email = "zaneta";
  await actions.giveContact(w);
  expect(w.failures.map(({ field }) => field)).toEqual(["email", "phone"]);
  expect(w.form.email).toBe("zaneta");
});

test("a lost session asks for the code and keeps what was typed", async () => {
  await toReview();
  w.form.email = "other@test.example";
  portal.faults.set("PUT /renewal/contact", [401, "no_session"]);
  await actions.giveContact(w);
  expect([w.screen, codes()]).toEqual(["code", ["no_session"]]);
  expect(w.form.email).toBe("other@test.example");
});

describe("live events", () => {
  test("bring the person to where the renewal is", async () => {
    await toApplication();
    TestEvents.last?.say(portal.change({ state: "application_signed" }));
    expect(w.screen).toBe("phone");
  });

  test("of the past and of another form are dropped", async () => {
    await open();
    TestEvents.last?.say({ ...w.renewal, version: 0, state: "issued" });
    TestEvents.last?.say({ version: 99 });
    expect(w.renewal?.state).toBe("opened");
  });

  test("that are refused ask for the code where another browser has the renewal now", async () => {
    await toReview();
    portal.forget();
    TestEvents.last?.giveUp();
    await vi.waitFor(() => expect([w.screen, codes()]).toEqual(["code", ["no_session"]]));
    expect(w.renewal).toBeUndefined();
  });

  test("that are refused for another reason change nothing", async () => {
    await toReview();
    portal.faults.set("GET /renewal", [503, ""]);
    const asked = vi.spyOn(w.portal, "renewal");
    TestEvents.last?.giveUp();
    await expect(asked.mock.results[0]?.value).rejects.toThrow();
    expect([w.screen, codes()]).toEqual(["review", []]);
  });

  test("stop with the wizard", async () => {
    await open();
    w.stop();
    expect(TestEvents.last?.isClosed).toBe(true);
  });
});

test.each([[502, "portal_unreachable"], [504, "portal_unreachable"], [500, "portal_unexpected"]])(
  "an answer %i that is no portal's says %s",
  async (status, code) => {
    await open();
    portal.faults.set("PUT /renewal/start", [status, ""]);
    w.form.start = "now";
    await actions.chooseStart(w);
    expect(codes()).toEqual([code]);
  },
);

test("a portal that can't be reached says so and loses nothing", async () => {
  await open();
  portal.stop();
  w.form.start = "now";
  await actions.chooseStart(w);
  expect(w.failures).toMatchObject([{ code: "portal_unreachable" }]);
  expect(w.form.start).toBe("now");
});

test("tries and waiting times are told", () => {
  const waiting = portalError("code_tries_exceeded", { retryAfterSeconds: 90 });
  expect(failureOf(waiting, w.t, "pl").cure).toContain(w.t.retryAfter(2));
  expect(failureOf(agentError("pin_incorrect", { triesLeft: 1 }), w.t, "pl").cure).toContain(w.t.triesLeft(1));
});
