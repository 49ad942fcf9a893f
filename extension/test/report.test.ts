import { describe, expect, test, vi } from "vitest";
import { Agent } from "../src/bridge/agent.ts";
import { agentCodes, extensionCodes, portalCodes } from "../src/bridge/codes.ts";
import { agentError, portalError } from "../src/bridge/error.ts";
import { Portal } from "../src/portal/portal.ts";
import type { Renewal } from "../src/portal/parse.ts";
import { calendarEntry } from "../src/wizard/calendar.ts";
import type { Reminder } from "../src/wizard/calendar.ts";
import { remedyFor } from "../src/wizard/cures.ts";
import { supportReport } from "../src/wizard/report.ts";
import type { Host } from "../src/wizard/wizard.ts";
import { Wizard } from "../src/wizard/wizard.ts";
import { TestTransport } from "./transport.ts";

vi.stubGlobal("ODNOWA_VERSION", "1.2.3");

const speak = vi.fn();
const host: Host = {
  closed: vi.fn(), pair: () => Promise.resolve(false), reload: vi.fn(), print: vi.fn(), speak,
  copy: () => Promise.resolve(), save: vi.fn(),
};

function wizard(): Wizard {
  const view = { draw: () => undefined, focus: () => undefined };
  return new Wizard("pl", new Portal("https://ca.example"), new Agent(() => new TestTransport(), "pl"), view, host);
}

const from = { userAgent: "Test/1", language: "pl-PL", online: true, timeZone: "Europe/Warsaw" };

/** Everything that tells of the person; each value is a word of its own. */
const renewal = {
  version: 7, state: "contact_given", offer: { months: 24, target: "cloud" }, codeExpires: "2027-01-01T00:00:00Z",
  latestStart: "2027-01-01T00:00:00Z", nextNeedsIdentification: true,
  certificate: {
    id: "c0ffee".padEnd(64, "0"), serialNumber: "5A01C2", issuer: "Issuer", validity: { notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z" },
    subject: { commonName: "Żaneta TESTOWA", givenName: "Żaneta", surname: "TESTOWA", serialNumber: "PNOPL-44051401359", country: "PL" },
  },
  application: { number: "TEST-2026-000123", signedAt: "2026-11-25T00:00:00Z", enrolmentUrl: "https://rsign.example/#token" },
  phone: { state: "ready", code: "048215" },
  contact: { email: "zaneta@test.example", phone: "+48600100200" },
  issued: { serialNumber: "3F2A", sha256: "deadbeef".repeat(8), validity: { notBefore: "2026-01-01T00:00:00Z", notAfter: "2028-11-24T22:00:00Z" }, issuer: "Issuer" },
} as Renewal;

describe("the report for support", () => {
  test("tells versions, browser, step, checks, codes and times", () => {
    const w = wizard();
    w.screen = "sign";
    w.note(agentError("pin_locked"));
    w.note(portalError("issuer_unavailable"));
    const text = supportReport(w, from, { version: "0.9", checks: [{ id: "card", state: "failed", code: "no_card" }] }, new Date("2026-11-25T10:00:00Z"));
    expect(text).toMatch(/time: 2026-11-25T10:00:00Z \(Europe\/Warsaw\)/);
    for (const word of ["https://ca.example", "extension: 1.2.3", "agent: 0.9", "Test/1", "screen: sign", "check card: failed (no_card)"]) {
      expect(text).toContain(word);
    }
    expect(text).toMatch(/- \S+Z sign: agent pin_locked\n- \S+Z sign: portal issuer_unavailable\n$/);
  });

  test("tells nothing of the person", () => {
    const w = wizard();
    w.renewal = renewal;
    w.form.code = "TEST-ABCD-1234";
    w.form.email = "zaneta@test.example";
    w.cards = {
      certificates: [{ id: "c0ffee".padEnd(64, "0"), der: "MAA=", chain: [], source: "card", token: "ZANETA TOKEN", reader: "Reader S/N 12345", keyType: "RSA", keyBits: 2048, algorithms: [], keyUsage: [], pin: "ok", pinPad: false }],
      refused: [{ reason: "expired", reader: "Reader S/N 12345" }], modules: [],
    };
    const text = supportReport(w, from, { checks: [{ id: "card", state: "failed", code: "no_card", cause: "Reader S/N 12345", cure: "Żaneta" }] });
    const secrets = ["Żaneta", "TESTOWA", "44051401359", "5A01C2", "TEST-2026", "token", "048215", "zaneta", "600100200", "c0ffee", "deadbeef", "ABCD", "12345", "TOKEN", "3F2A"];
    for (const secret of secrets) expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    expect(text).toContain("certificates: 1; refused: expired");
  });

  test("stays short, however often something fails", () => {
    const w = wizard();
    for (let i = 0; i < 1000; i++) w.note(agentError("busy"));
    expect(w.noted).toHaveLength(20);
  });
});

test("every code has a cure of its own, and what is unknown none", () => {
  for (const code of agentCodes) expect(remedyFor("agent", code), code).toMatch(/^\w+$/);
  expect(agentCodes.filter((code) => remedyFor("agent", code) === "here").sort()).toEqual(["codes_differ", "request_cancelled", "user_cancelled"]);
  for (const code of extensionCodes) expect(remedyFor("extension", code), code).not.toBe("here");
  for (const code of portalCodes) expect(remedyFor("portal", code), code).toMatch(/^\w+$/);
  expect(remedyFor("agent", "of_a_newer_agent")).toBe("here");
  expect(remedyFor(undefined, undefined)).toBe("here");
});

describe("the calendar entry", () => {
  const reminder: Reminder = {
    language: "pl", notAfter: "2028-11-24T22:39:00Z", sha256: "deadbeef".repeat(8), origin: "https://ca.example",
    support: { email: "pomoc@ca.example", phone: "+48 22 123 45 67" }, nextNeedsIdentification: true,
  };
  const entry = (change: Partial<Reminder> = {}) => calendarEntry({ ...reminder, ...change }, new Date("2026-11-25T10:20:30.400Z"));
  /** Lines as a calendar reads them: unfolded. */
  const lines = async (change: Partial<Reminder> = {}) => (await entry(change)).replaceAll("\r\n ", "").split("\r\n");

  test("is one of RFC 5545: lines end with CRLF and have at most 75 octets", async () => {
    const text = await entry();
    expect(text).not.toMatch(/[^\r]\n|\r[^\n]/);
    expect(text.endsWith("END:VCALENDAR\r\n")).toBe(true);
    for (const line of text.split("\r\n")) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
    expect(text).not.toContain("\uFFFD");
  });

  test("is a whole day two months before the end, with an alarm", async () => {
    const all = await lines();
    expect(all).toContain("DTSTAMP:20261125T102030Z");
    expect(all.find((line) => line.startsWith("DTSTART"))).toMatch(/^DTSTART;VALUE=DATE:202809(25|26)$/);
    expect(all).toContain("TRIGGER;RELATED=START:PT9H");
    expect(all.filter((line) => line.startsWith("BEGIN:"))).toEqual(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "BEGIN:VALARM"]);
    expect(all.find((line) => line.startsWith("DESCRIPTION:Certyfikat"))).toMatch(/24 listopada 2028.*\\n.*dowód osobisty.*\\n.*\\, pomoc@/);
  });

  test("speaks English, and of identification only where it is needed", async () => {
    const all = (await lines({ language: "en", nextNeedsIdentification: false })).join("\n");
    expect(all).toContain("SUMMARY:Renew the qualified certificate");
    expect(all).toMatch(/24 November 2028/);
    expect(all).not.toContain("passport");
  });

  test("saved twice it is one, and tells nothing of certificate and person", async () => {
    const uid = async (change?: Partial<Reminder>) => (await lines(change)).find((line) => line.startsWith("UID:"));
    expect(await uid()).toBe(await uid({ language: "en" }));
    expect(await uid()).not.toBe(await uid({ sha256: "0".repeat(64) }));
    expect(await entry()).not.toContain("deadbeef");
  });
});

test("in another language everything is said anew: what failed, too", () => {
  const w = wizard();
  w.busy = undefined;
  w.problems = [agentError("pin_locked"), "code"];
  const own = w.failures.map(({ title }) => title);
  w.speak("en");
  expect(w.failures.map(({ title }) => title)).toEqual(["The card's PIN is locked", "Enter the renewal code"]);
  expect(own).not.toEqual(w.failures.map(({ title }) => title));
  expect(speak).toHaveBeenCalledWith("en");
  w.busy = "saving";
  w.speak("pl");
  expect(w.language).toBe("en");
});
