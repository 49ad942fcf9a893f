import { describe, expect, test } from "vitest";
import { stateValues } from "../src/portal/api.gen.ts";
import { renewal as parse } from "../src/portal/parse.ts";
import type { Renewal, State } from "../src/portal/parse.ts";
import { before, isSigned, mayShow, screenFor, stepOf, steps } from "../src/wizard/steps.ts";
import type { Screen } from "../src/wizard/steps.ts";

function at(state: State, more: Partial<Renewal> = {}): Renewal {
  return parse({
    version: 1, state, offer: { months: 24, target: "cloud" }, codeExpires: "2026-12-01T00:00:00Z",
    latestStart: "2026-12-01T00:00:00Z", nextNeedsIdentification: true, ...more,
  });
}

describe("where a person goes on", () => {
  const table: [State, Screen][] = [
    ["opened", "offer"], ["start_chosen", "certificate"], ["certificate_chosen", "certificate"],
    ["application_drawn_up", "application"], ["terms_accepted", "sign"], ["application_signed", "phone"],
    ["contact_given", "review"], ["confirmation_drawn_up", "review"], ["confirmed", "issuing"], ["issuing", "issuing"],
    ["issued", "issued"],
  ];
  test.each(table)("%s: %s", (state, screen) => expect(screenFor(at(state))).toBe(screen));
  test("no state is left out", () => expect(table.map(([state]) => state).sort()).toEqual([...stateValues].sort()));
});

test("a screen that the state does not allow gives way", () => {
  expect(screenFor(at("opened"), "sign")).toBe("offer");
  expect(screenFor(at("opened"), "validity")).toBe("validity");
  expect(screenFor(at("issued"), "withdraw")).toBe("issued");
});

test("contact data comes after the phone", () => {
  const phone = (state: "waiting" | "ready") => at("application_signed", { phone: { state } });
  expect(mayShow("contact", phone("waiting"))).toBe(false);
  expect(mayShow("contact", phone("ready"))).toBe(true);
  expect(mayShow("contact", at("application_signed"))).toBe(false);
});

describe("the way back", () => {
  test.each<[Screen, Renewal | undefined, Screen | undefined]>([
    ["code", undefined, "start"],
    ["offer", at("opened"), undefined],
    ["validity", at("opened"), "offer"],
    ["certificate", at("start_chosen"), "validity"],
    ["application", at("application_drawn_up"), undefined],
    ["sign", at("terms_accepted"), "application"],
    ["phone", at("application_signed"), "signed"],
    ["review", at("contact_given"), "contact"],
    ["contact", at("contact_given"), "phone"],
    ["issued", at("issued"), undefined],
    ["start", undefined, undefined],
  ])("from %s", (screen, renewal, want) => expect(before(screen, renewal)).toBe(want));
});

test("the twelve steps of the design are numbered", () => {
  expect(steps).toHaveLength(12);
  expect(stepOf("issuing")).toBe("review");
  expect(stepOf("withdraw")).toBeUndefined();
});

test("leaving costs a signature only between signing and issue", () => {
  const application = { number: "1", signedAt: "2026-11-23T00:00:00Z" };
  expect(isSigned(at("application_signed", { application }))).toBe(true);
  expect(isSigned(at("issued", { application }))).toBe(false);
  expect(isSigned(at("terms_accepted", { application: { number: "1" } }))).toBe(false);
});
