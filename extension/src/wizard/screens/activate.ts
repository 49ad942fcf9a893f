import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Certificate } from "../../bridge/types.gen.ts";
import { activate as start, cancelActivation, fromActivation, leave } from "../actions.ts";
import { sixDigits, spelled } from "../code.ts";
import { facts, page, waitingPage } from "../parts.ts";
import { readCertificate } from "../x509.ts";
import { drawnPhone } from "../window.ts";
import type { Activation, Wizard } from "../wizard.ts";

/** Step 12: this computer may ask for signatures with the certificate in the cloud. */
export function activate(w: Wizard): TemplateResult {
  if (w.activation) return waiting(w, w.activation);
  if (w.activated) return done(w, w.activated);
  const t = w.t.activate;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: html`<ul class="list"><li>${t.phone}</li><li>${t.approve}</li><li>${t.own}</li></ul>`,
    primary: { label: t.button, test: "activate", act: () => start(w) },
    secondary: { label: t.later, test: "activate-later", act: () => fromActivation(w) },
    after: t.after,
  });
}

/** The code, where it is typed, what is waited for, how to stop. */
function waiting(w: Wizard, { state, code }: Activation): TemplateResult {
  const t = w.t.activate;
  const step = (title: string, hint: string) => html`<li><strong>${title}</strong><p class="small">${hint}</p></li>`;
  return waitingPage(w, "activating", t.codeTitle, html`${code === undefined
      ? nothing
      : html`<div class="note" data-testid="computer-code" data-code=${code}>
          <p class="digits"><span aria-hidden="true">${sixDigits(code)}</span><span class="hidden-label">${spelled(code)}</span></p>
          <p>${t.codeHint}</p>
        </div>`}
    <p class="state waiting" data-testid="activation-state" data-activation=${state}>${t.progress[state]}</p>
    <div class="hands">
      <ol class="steps">
        ${step(t.open, t.openHint)} ${step(t.type, t.typeHint)} ${step(t.confirm, t.confirmHint)}
      </ol>
      ${handset(w)}
    </div>
    <div class="actions">
      <button type="button" class="button second" data-testid="activate-cancel" @click=${() => cancelActivation(w)}>${w.t.cancel}</button>
      <p class="small">${t.cancelHint}</p>
    </div>`);
}

function handset(w: Wizard): TemplateResult {
  const t = w.t.handset;
  return html`<div role="img" aria-label=${w.t.activate.picture}>
    ${drawnPhone(t.codeTitle, html`<p class="handset-field"><span>${t.codeLabel}</span><span>••• •••</span></p>`, t.codeGo)}
  </div>`;
}

function done(w: Wizard, certificate: Certificate): TemplateResult {
  const t = w.t.activate;
  const read = readCertificate(certificate.der);
  const renewed = w.renewal?.state === "issued";
  return page(w, {
    title: t.doneTitle,
    lead: t.doneLead,
    back: false,
    body: html`${facts([
        [t.holder, read?.subject.commonName ?? read?.subject.serialNumber],
        [t.issuer, read?.issuer.commonName ?? read?.issuer.organization],
        [t.until, read && w.dates.moment(read.notAfter.toISOString())],
        [t.fingerprint, html`<span class="mono" data-testid="activated-certificate">${certificate.id}</span>`],
      ])}
      <h3>${t.useTitle}</h3>
      <p>${t.use}</p>
      <p>${t.remove}</p>`,
    primary: { label: w.t.issued.finish, test: "activate-finish", act: () => (renewed ? leave(w, true) : fromActivation(w)) },
    ...(renewed && {
      secondary: { label: t.documents, test: "activate-back", act: () => fromActivation(w) },
      after: w.t.issued.finishHint,
    }),
  });
}
