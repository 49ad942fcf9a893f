/** What the wizard's buttons do: one function for each decision of the person. */
import { asOdnowaError, portalError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { ActivationProgress } from "../bridge/types.gen.ts";
import type { Renewal, SigningOrder } from "../portal/parse.ts";
import { loadCards, lostCards } from "./cards.ts";
import { plainCode, readablePhone } from "./code.ts";
import { screenFor } from "./steps.ts";
import type { Screen } from "./steps.ts";
import type { Field } from "./failure.ts";
import type { Wizard } from "./wizard.ts";

/** Loads portal and renewal. After a reload (`resume`) the person is back at their step at once. */
export async function begin(w: Wizard, resume: boolean): Promise<void> {
  w.busy = undefined;
  w.screen = "unavailable";
  await w.act("loading", async () => {
    w.info = await w.portal.info();
    const renewal = await w.portal.renewal().catch(noSession);
    if (renewal && resume) {
      w.apply(renewal);
      enter(w);
    } else {
      w.renewal = renewal;
      w.goto("start");
    }
  });
}

function noSession(error: unknown): undefined {
  if (asOdnowaError(error).is("portal", "no_session")) return undefined;
  throw error;
}

export function startWithCode(w: Wizard, resuming: boolean): void {
  w.resuming = resuming;
  w.goto("code");
}

/** Goes on with the renewal that the browser session carries. */
export function resume(w: Wizard): void {
  if (!w.renewal) return;
  w.apply(w.renewal);
  enter(w);
}

export async function openRenewal(w: Wizard): Promise<void> {
  if (plainCode(w.form.code) === "") {
    w.complain("code");
    return;
  }
  await w.act("code", async () => {
    const renewal = await w.portal.open(w.form.code);
    w.form.code = "";
    w.apply(renewal);
    enter(w);
  });
}

/** Goes to a screen that the renewal's state allows. */
export function visit(w: Wizard, screen: Screen): void {
  w.goto(w.renewal ? screenFor(w.renewal, screen) : screen);
  enter(w);
}

/** What a screen needs when it is come to. */
function enter(w: Wizard): void {
  if (w.screen === "certificate") void loadCards(w);
  const contact = w.renewal?.contact;
  if (w.screen === "contact" && contact && w.form.email === "") {
    w.form.email = contact.email;
    w.form.phone = readablePhone(contact.phone);
  }
  w.draw();
}

export async function chooseStart(w: Wizard): Promise<void> {
  const start = w.form.start ?? w.renewal?.start;
  if (!start) {
    w.complain("start");
    return;
  }
  await w.act("saving", async () => {
    w.apply(await w.portal.setStart(start), "certificate");
    enter(w);
  });
}

/** Pairs the browser with the agent where that is what failed, and goes on where the person is. */
export async function pairBrowser(w: Wizard): Promise<void> {
  if (!(await w.host.pair())) return;
  w.problems = [];
  if (w.screen === "certificate") await loadCards(w);
  else w.draw();
}

/** Has the certificate checked and the application drawn up. */
export async function chooseCertificate(w: Wizard): Promise<void> {
  const chosen = w.cards?.certificates.find(({ id, pin }) => id === w.form.certificateId && pin !== "locked");
  if (!chosen) {
    w.complain("certificate");
    return;
  }
  await w.act("checking", async () => {
    w.renewal = await w.portal.setCertificate(chosen.der);
    w.waitFor("drawing");
    w.form.accepted = false;
    w.apply(await w.portal.drawUp(w.language), "application");
  });
}

export async function acceptTerms(w: Wizard): Promise<void> {
  const { info } = w;
  if (w.renewal?.state === "terms_accepted") {
    w.goto("sign");
    return;
  }
  if (!w.form.accepted || !info) {
    w.complain("accepted");
    return;
  }
  await w.act("saving", async () => w.apply(await w.portal.accept(info.terms.version, info.privacy.version), "sign"));
}

export async function withdraw(w: Wizard): Promise<void> {
  await w.act("withdrawing", async () => {
    w.form.accepted = false;
    w.apply(await w.portal.withdraw());
  });
}

export async function signApplication(w: Wizard): Promise<void> {
  await w.act("preparing", async () => {
    const cms = await signed(w, await w.portal.applicationSigning());
    w.waitFor("verifying");
    w.apply(await handedIn(w, w.portal.signApplication(cms)), "signed");
  });
}

/** Draws up the confirmation of what the screen shows, has it signed, and so the certificate issued. */
export async function signConfirmation(w: Wizard): Promise<void> {
  await w.act("preparing", async () => {
    const shown = w.renewal?.phone?.code;
    if (w.renewal?.state === "contact_given") w.renewal = await w.portal.confirm();
    if (w.renewal?.phone?.code !== shown) throw portalError("phone_changed");
    const cms = await signed(w, await w.portal.confirmationSigning());
    w.waitFor("issuing");
    w.apply(await handedIn(w, w.portal.signConfirmation(cms)));
  });
}

/** Asks again for what the confirmation already entitles to. */
export async function issue(w: Wizard): Promise<void> {
  await w.act("issuing", async () => w.apply(await w.portal.issue()));
}

async function signed(w: Wizard, order: SigningOrder): Promise<string> {
  if (w.signature?.seal === order.seal) return w.signature.cms;
  w.signing = { state: "opening" };
  w.view.focus("heading");
  w.draw();
  try {
    const call = await w.agent.sign(order);
    w.signing = { requestId: call.id, state: "opening" };
    w.draw();
    const { cms } = await call.result;
    w.signature = { seal: order.seal, cms };
    return cms;
  } finally {
    w.signing = undefined;
  }
}

/** Who has signed once need not sign again because somebody is away who would have to look at it. */
const away: ReadonlySet<string> = new Set(["issuer_unavailable", "sam_unavailable", "timestamp_unavailable", "portal_unreachable"]);

/** The portal's answer to a signature, which is forgotten unless it can be handed in again. */
async function handedIn(w: Wizard, answer: Promise<Renewal>): Promise<Renewal> {
  try {
    const renewal = await answer;
    w.signature = undefined;
    return renewal;
  } catch (thrown) {
    if (!away.has(asOdnowaError(thrown).code)) w.signature = undefined;
    throw thrown;
  }
}

/** Closes the agent's window; the signature then fails as cancelled. */
export async function cancelSigning(w: Wizard): Promise<void> {
  const requestId = w.signing?.requestId;
  if (requestId === undefined) return;
  try {
    await w.agent.cancel(requestId);
  } catch {
    w.agent.close(); // a lost connection closes the window, too
  }
}

/** Step 12, from the issued certificate or from the start. */
export function toActivation(w: Wizard): void {
  w.leftFrom = w.screen;
  w.activated = undefined;
  w.goto("activate");
}

/** Back from the activation to where it was asked for. */
export function fromActivation(w: Wizard): void {
  visit(w, w.leftFrom ?? "start");
}

/** Activates rSign on this computer and waits for the phone. */
export async function activate(w: Wizard): Promise<void> {
  await w.act("activating", async () => {
    const offer = w.renewal?.state === "issued" ? await w.portal.computerOffer() : undefined;
    w.activation = { state: "opening" };
    w.view.focus("heading");
    w.draw();
    try {
      const call = await w.agent.activateRSign(offer);
      w.activation = { requestId: call.id, state: "opening" };
      w.activated = (await call.result).certificate;
    } catch (thrown) {
      // Who cancelled knows that, and is back at the question.
      if (!asOdnowaError(thrown).is("agent", "request_cancelled")) throw thrown;
    } finally {
      w.activation = undefined;
      w.view.focus("heading");
    }
  });
}

/** Has the agent forget the new key; the activation then fails as cancelled. */
export async function cancelActivation(w: Wizard): Promise<void> {
  const requestId = w.activation?.requestId;
  if (requestId === undefined) return;
  try {
    await w.agent.cancel(requestId);
  } catch {
    w.agent.close();
  }
}

export async function giveContact(w: Wizard): Promise<void> {
  const { email, phone } = w.form;
  const missing: Field[] = [];
  if (!/^\S+@\S+\.\S+$/.test(email.trim())) missing.push("email");
  if (phone.replace(/\D/g, "").length < 9) missing.push("phone");
  if (missing.length > 0) {
    w.complain(...missing);
    return;
  }
  await w.act("saving", async () => {
    const contact = { email: email.trim(), phone: phone.replace(/[\s()-]/g, "") };
    w.apply(await w.portal.setContact(contact), "review");
  });
}

/** From the check of all answers back to one of them; the focus goes to its field. */
export function correctContact(w: Wizard, field: Field): void {
  visit(w, "contact");
  w.view.focus({ field });
  w.draw();
}

export function askToLeave(w: Wizard): void {
  w.leftFrom = w.screen;
  w.goto("leaving");
}

/** Forgets the renewal on this browser; back to the start, or out when it is finished. */
export async function leave(w: Wizard, finished: boolean): Promise<void> {
  await w.act("leaving", async () => {
    await w.portal.leave();
    w.forget();
    if (finished) w.host.closed();
    else w.goto("start");
  });
}

/** Takes over what the agent tells by itself. */
export function listen(w: Wizard): void {
  w.agent.onChanged(() => {
    if (w.screen === "certificate" && !w.busy) void loadCards(w);
  });
  w.agent.onLost((reason: OdnowaError) => {
    if (w.screen !== "certificate" || w.busy) return;
    lostCards(w, reason);
  });
  w.agent.onActivation((progress) => hearActivation(w, progress));
  w.agent.onProgress(({ requestId, state }) => {
    if (w.signing?.requestId !== requestId) return;
    w.signing = { requestId, state };
    w.draw();
  });
}

/** Takes over what the agent tells of an activation. */
function hearActivation(w: Wizard, { requestId, state, code }: ActivationProgress): void {
  if (w.activation?.requestId !== requestId) return;
  w.activation = { requestId, state, code };
  w.draw();
}

/** Whether the session's renewal is finished, for the start screen. */
export const isFinished = (renewal: Renewal): boolean => renewal.state === "issued";

