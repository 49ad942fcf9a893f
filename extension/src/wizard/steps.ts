import type { Renewal, State } from "../portal/parse.ts";

/** The wizard's screens. `activate` is also come to without a renewal. `withdraw` and `leaving` ask back before something is given up. */
export type Screen =
  | "unavailable" | "start" | "code" | "offer" | "validity" | "certificate" | "application" | "withdraw" | "sign"
  | "signed" | "phone" | "contact" | "review" | "issuing" | "issued" | "activate" | "leaving";

/** The numbered steps, in the order of the design; a screen without a number has none. */
export const steps = [
  "code", "offer", "validity", "certificate", "application", "sign", "signed", "phone", "contact", "review", "issued",
  "activate",
] as const satisfies readonly Screen[];

export type Step = (typeof steps)[number];

/** The step that a screen belongs to, for "step x of y". */
export function stepOf(screen: Screen): Step | undefined {
  return screen === "issuing" ? "review" : steps.find((step) => step === screen);
}

/** The screens that a state allows; the first is where a person who comes back goes on. */
const allowed: Record<State, readonly Screen[]> = {
  opened: ["offer", "validity"],
  start_chosen: ["certificate", "offer", "validity"],
  certificate_chosen: ["certificate", "offer", "validity"],
  application_drawn_up: ["application", "withdraw"],
  terms_accepted: ["sign", "application", "withdraw"],
  application_signed: ["phone", "signed", "contact", "withdraw"],
  contact_given: ["review", "contact", "phone", "signed", "withdraw"],
  confirmation_drawn_up: ["review", "contact", "phone", "signed", "withdraw"],
  confirmed: ["issuing"],
  issuing: ["issuing"],
  issued: ["issued"],
};

const phoneDone: ReadonlySet<string | undefined> = new Set(["ready", "active"]);

/** Whether the renewal lets a person be on a screen. */
export function mayShow(screen: Screen, renewal: Renewal): boolean {
  if (screen === "contact" && renewal.state === "application_signed" && !phoneReady(renewal)) return false;
  return allowed[renewal.state].includes(screen) || screen === "leaving" || screen === "activate";
}

/** The wanted screen where the renewal allows it, else where a person goes on. */
export function screenFor(renewal: Renewal, wanted?: Screen): Screen {
  return wanted !== undefined && mayShow(wanted, renewal) ? wanted : (allowed[renewal.state][0] ?? "unavailable");
}

/** The screen before this one, where there is a way back without giving anything up. */
export function before(screen: Screen, renewal: Renewal | undefined): Screen | undefined {
  if (screen === "code") return "start";
  if (!renewal) return undefined;
  const at = steps.findIndex((step) => step === screen);
  return steps.slice(0, Math.max(at, 0)).findLast((step) => mayShow(step, renewal));
}

export function phoneReady(renewal: Renewal): boolean {
  return phoneDone.has(renewal.phone?.state);
}

/** Whether leaving costs the person a signature and a phone. */
export function isSigned(renewal: Renewal | undefined): boolean {
  return renewal?.application?.signedAt !== undefined && renewal.state !== "issued";
}
