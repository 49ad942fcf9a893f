import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { cancelSigning, signApplication, visit } from "../actions.ts";
import { sixDigits } from "../code.ts";
import { page, waitingPage } from "../parts.ts";
import { drawn } from "../window.ts";
import type { Signing, Wizard } from "../wizard.ts";

/** Step 6: signing the application in the agent's window. */
export function sign(w: Wizard): TemplateResult {
  if (w.signing) return waiting(w, w.signing.state);
  const t = w.t.sign;
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`${picture(w)}
      <ul class="list"><li>${t.compare}</li><li>${t.pinNever}</li><li>${t.keepCard}</li></ul>`,
    primary: { label: t.button, test: "sign", act: () => signApplication(w) },
    secondary: { label: w.t.application.change, test: "sign-change", act: () => visit(w, "withdraw") },
    after: t.after,
  });
}

/** While the agent's window is open: where to look, what is waited for, how to stop. */
export function waiting(w: Wizard, state: Signing["state"]): TemplateResult {
  const t = w.t.sign;
  return waitingPage(w, "signing", t.waitingTitle, html`<p class="lead">${t.waitingLead}</p>
      <p class="state waiting" data-testid="sign-progress" data-progress=${state}>${t.progress[state]}</p>
      ${picture(w)}
      ${state === "signing"
        ? nothing
        : html`<div class="actions">
            <button type="button" class="button second" data-testid="sign-cancel" @click=${() => cancelSigning(w)}>${w.t.cancel}</button>
            <p class="small">${t.cancelHint}</p>
          </div>`}`);
}

/** A drawing of the agent's windows, in its own words, so that a person knows the true ones. */
export function picture(w: Wizard): TemplateResult {
  const t = w.t.window;
  const { renewal, info } = w;
  const confirming = w.screen === "review";
  const code = confirming ? renewal?.phone?.code : undefined;
  const signer = renewal?.certificate?.subject.commonName;
  const row = (label: string, value: string | undefined) =>
    value ? html`<div><dt>${label}</dt><dd>${value}</dd></div>` : nothing;
  const number = renewal?.application?.number ?? "";
  const question = html`<p>${info?.origin}<br />${confirming ? t.confirmation : t.application}</p>
    <dl>
      ${row(t.number, number)} ${row(t.subject, signer)} ${row(t.months, renewal?.offer.months.toString())}
      ${row(t.email, confirming ? renewal?.contact?.email : undefined)} ${row(t.signer, signer)}
    </dl>`;
  const pin = html`<p>${info?.origin}</p>
    <p>${t.askPin} ${confirming ? t.confirmationShort : t.applicationShort} ${number}</p>
    <div class="window-pin"><span>${t.pin}</span><span>●●●●●●</span></div>`;
  return html`<div class="picture" role="img" data-testid="window-picture"
      aria-label=${confirming ? w.t.sign.pictureReview : w.t.sign.picture}>
    ${code ? drawn(t.title, phoneQuestion(t.phone, code), [t.cancel, t.differ, t.same]) : nothing}
    ${drawn(t.title, question, [t.cancel, t.view, t.next])} ${drawn(t.title, pin, [t.cancel, t.sign])}
  </div>`;
}

const phoneQuestion = (question: string, code: string) =>
  html`<p>${question}</p><p class="window-digits">${sixDigits(code)}</p>`;
