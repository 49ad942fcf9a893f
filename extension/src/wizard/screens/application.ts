import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { acceptTerms, visit, withdraw as withdrawNow } from "../actions.ts";
import { documentCard, facts, fieldError, isWrong, page } from "../parts.ts";
import type { Part } from "../parts.ts";
import { screenFor } from "../steps.ts";
import type { Wizard } from "../wizard.ts";

/** Step 5: the application, terms and privacy notice. */
export function application(w: Wizard): TemplateResult {
  const t = w.t.application;
  const number = w.renewal?.application?.number ?? "";
  const { certificate, validity } = w.renewal ?? {};
  return page(w, {
    title: t.title,
    lead: t.lead(number),
    body: html`${facts([
        [t.subject, certificate?.subject.commonName],
        [t.newValidity, validity && t.validUntil(w.dates.day(validity.notBefore), w.dates.day(validity.notAfter))],
      ])}
      ${documentCard(w, {
        title: t.document, note: number, path: "application.pdf", saveAs: `${number}.pdf`, test: "application",
        view: t.view, save: t.save,
      })}
      <h3>${t.legal}</h3>
      ${legal(w)}`,
    primary: { label: w.t.next, test: "application-next", act: () => acceptTerms(w) },
    secondary: { label: t.change, test: "application-change", act: () => visit(w, "withdraw") },
    after: t.after,
  });
}

function legal(w: Wizard): Part {
  const t = w.t.application;
  if (!w.info) return nothing;
  const { terms, privacy } = w.info;
  const link = (url: string, label: string, test: string) => html`<li>
    <a href=${url} target="_blank" rel="noopener" data-testid=${test}>${label}<span class="hidden-label"> (${w.t.newTab})</span></a>
  </li>`;
  return html`<ul class="list">
      ${link(terms.url, t.terms(terms.version), "terms-link")} ${link(privacy.url, t.privacy(privacy.version), "privacy-link")}
    </ul>
    ${w.renewal?.state === "terms_accepted"
      ? html`<p>${t.accepted}</p>`
      : html`<div class="field ${isWrong(w, "accepted") ? "wrong" : ""}">
          ${fieldError(w, "accepted")}
          <label class="check">
            <input type="checkbox" data-field="accepted" data-testid="terms-accept" .checked=${w.form.accepted}
              aria-describedby="error-accepted" @change=${(event: Event) => (w.form.accepted = (event.target as HTMLInputElement).checked)} />
            <span>${t.accept}</span>
          </label>
        </div>`}`;
}

/** Asks back before the application is given up. */
export function withdraw(w: Wizard): TemplateResult {
  const t = w.t.withdraw;
  const { renewal } = w;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: html`<p>${t.code} ${renewal?.application?.signedAt ? t.phone : nothing}</p>`,
    primary: { label: t.confirm, test: "withdraw-confirm", act: () => withdrawNow(w), danger: true },
    ...(renewal && {
      secondary: { label: t.keep, test: "withdraw-keep", act: () => visit(w, screenFor(renewal)) },
    }),
  });
}
