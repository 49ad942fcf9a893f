import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { cancelSigning, signApplication, visit } from "../actions.ts";
import { sixDigits } from "../code.ts";
import { linkButton, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

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
export function waiting(w: Wizard, state: keyof Wizard["t"]["sign"]["progress"]): TemplateResult {
  const t = w.t.sign;
  return html`<section class="panel" data-testid="wizard" data-screen=${w.screen} data-state=${w.renewal?.state ?? "none"}
      data-busy="signing" lang=${w.language}>
    <div class="body">
      <h1 tabindex="-1" data-testid="heading">${t.waitingTitle}</h1>
      <p class="lead">${t.waitingLead}</p>
      <p class="state waiting" role="status" data-testid="sign-progress" data-progress=${state}>${t.progress[state]}</p>
      ${picture(w)}
      <div class="actions">
        ${state === "signing" ? nothing : html`${linkButton(w.t.cancel, "sign-cancel", () => cancelSigning(w))}
          <span class="small">${t.cancelHint}</span>`}
      </div>
    </div>
  </section>`;
}

/** A drawing of the agent's window, so that a person knows the true one. */
export function picture(w: Wizard): TemplateResult {
  const t = w.t.window;
  const { renewal, info } = w;
  const code = w.screen === "review" ? renewal?.phone?.code : undefined;
  const row = (label: string, value: string | undefined) => (value ? html`<dt>${label}</dt><dd>${value}</dd>` : nothing);
  return html`<figure class="picture" role="img" aria-label=${w.t.sign.picture}>
    <div class="window" aria-hidden="true">
      <div class="window-title">${t.title}</div>
      <div class="window-body">
        <dl>
          ${row(t.asks, info?.origin)} ${row(t.number, renewal?.application?.number)}
          ${row(t.subject, renewal?.certificate?.subject.commonName)} ${row(t.phoneCode, code && sixDigits(code))}
        </dl>
        ${code ? html`<p class="window-question">${t.question}</p>` : nothing}
        <div class="window-pin"><span>${t.pin}</span><span>●●●●●●</span></div>
        <div class="window-buttons"><span>${t.view}</span><span>${t.cancel}</span><span>${t.sign}</span></div>
      </div>
    </div>
  </figure>`;
}
