import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { correctContact, issue, signConfirmation, visit } from "../actions.ts";
import { readablePhone } from "../code.ts";
import { facts, page } from "../parts.ts";
import { waiting } from "./sign.ts";
import { phoneCode } from "./phone.ts";
import type { Wizard } from "../wizard.ts";

/** Step 10: every answer once more, then the card confirms. */
export function review(w: Wizard): TemplateResult {
  if (w.signing) return waiting(w, w.signing.state);
  const t = w.t.review;
  const code = w.renewal?.phone?.code;
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`${answers(w)} ${code ? phoneCode(code, t.codeTitle, t.codeHint) : nothing}`,
    primary: { label: t.button, test: "review-sign", act: () => signConfirmation(w) },
    secondary: { label: t.changeRest, test: "review-change", act: () => visit(w, "withdraw") },
    after: t.after,
  });
}

function answers(w: Wizard): TemplateResult {
  const t = w.t.review;
  const { certificate, validity, contact, offer } = w.renewal ?? {};
  const subject = certificate?.subject;
  const day = (when: string | undefined) => (when === undefined ? undefined : w.dates.day(when));
  const corrected = (value: string | undefined, label: string, field: "email" | "phone") =>
    html`${value} <button type="button" class="link correct" aria-label=${label} data-testid="review-correct-${field}"
      @click=${() => correctContact(w, field)}>${t.correct}</button>`;
  return html`<h3>${t.old}</h3>
    ${facts([
      [t.from, day(certificate?.validity.notBefore)],
      [t.until, day(certificate?.validity.notAfter)],
      [t.place, t.onCard],
    ])}
    <h3>${t.fresh}</h3>
    ${facts([
      [t.months, offer && w.t.months(offer.months)],
      [t.from, day(validity?.notBefore)],
      [t.until, day(validity?.notAfter)],
      [t.place, w.t.offer.cloud],
    ])}
    <h3>${t.person}</h3>
    ${facts([
      [t.givenName, subject?.givenName],
      [t.surname, subject?.surname],
      [t.commonName, subject?.commonName],
      [t.serialNumber, subject?.serialNumber],
      [t.country, subject?.country],
    ])}
    <h3>${t.contact}</h3>
    ${facts([
      [t.email, corrected(contact?.email, t.correctEmail, "email")],
      [t.phone, corrected(contact && readablePhone(contact.phone), t.correctPhone, "phone")],
    ])}`;
}

/** Between the confirmation and the certificate: nothing more to sign. */
export function issuing(w: Wizard): TemplateResult {
  const t = w.t.issuing;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: w.busy ? nothing : html`<p class="state waiting">${t.waiting}</p>`,
    primary: { label: t.button, test: "issue", act: () => issue(w) },
  });
}
