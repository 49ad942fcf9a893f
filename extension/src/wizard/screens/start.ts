import { html } from "lit-html";
import type { TemplateResult } from "lit-html";
import { begin, isFinished, leave, resume, startWithCode, toActivation } from "../actions.ts";
import { linkButton, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** The portal can't be reached, or nothing is loaded yet. */
export function unavailable(w: Wizard): TemplateResult {
  const failed = w.failures.length > 0;
  return page(w, {
    title: failed ? w.t.unavailable.title : w.t.busy.loading,
    back: false,
    ...(failed && { primary: { label: w.t.retry, test: "retry", act: () => begin(w, true) } }),
  });
}

/** Renew, go on with a renewal, or activate rSign on this computer. */
export function start(w: Wizard): TemplateResult {
  const t = w.t.start;
  const { renewal } = w;
  if (renewal) {
    const finished = isFinished(renewal);
    return page(w, {
      title: finished ? t.finished : t.found,
      lead: finished ? t.finishedLead : t.foundLead(w.t.months(renewal.offer.months)),
      back: false,
      body: html`<p>${linkButton(t.activate, "start-activate", () => toActivation(w))}</p>`,
      primary: { label: finished ? t.show : t.resume, test: "start-resume", act: () => resume(w) },
      secondary: { label: t.other, test: "start-other", act: () => leave(w, false) },
    });
  }
  const choice = (label: string, hint: string, test: string, look: string, act: () => void) =>
    html`<button type="button" class="big ${look}" data-testid=${test} @click=${act}>
      <span><strong>${label}</strong><span class="hint">${hint}</span></span>
    </button>`;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: html`<div class="choices">
      ${choice(t.renew, t.renewHint, "start-renew", "first", () => startWithCode(w, false))}
      ${choice(t.resume, t.resumeHint, "start-continue", "", () => startWithCode(w, true))}
      ${choice(t.activate, t.activateHint, "start-activate", "", () => toActivation(w))}
    </div>`,
  });
}
