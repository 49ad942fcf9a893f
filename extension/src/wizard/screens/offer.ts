import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { visit } from "../actions.ts";
import { contacts, facts, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** Step 2: what the code buys. */
export function offer(w: Wizard): TemplateResult {
  const t = w.t.offer;
  const { renewal } = w;
  if (!renewal) return html`${nothing}`;
  return page(w, {
    title: t.title,
    body: html`${facts([
        [t.validity, html`<strong>${w.t.months(renewal.offer.months)}</strong>`],
        [t.target, html`<strong>${t.cloud}</strong><br /><span class="small">${t.cloudHint}</span>`],
        [t.expires, w.dates.day(renewal.codeExpires)],
      ])}
      ${renewal.nextNeedsIdentification
        ? html`<div class="note"><h3>${t.identificationTitle}</h3><p>${t.identification}</p></div>`
        : nothing}
      <p class="small"><strong>${t.other}</strong> ${t.otherHint} ${contacts(w)}</p>`,
    primary: { label: w.t.next, test: "offer-next", act: () => visit(w, "validity") },
    after: t.after,
  });
}
