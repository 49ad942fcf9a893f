import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { visit } from "../actions.ts";
import { sixDigits, spelled } from "../code.ts";
import { page } from "../parts.ts";
import type { Part } from "../parts.ts";
import { phoneReady } from "../steps.ts";
import { drawnPhone } from "../window.ts";
import type { Wizard } from "../wizard.ts";

/** Step 8: the phone is enrolled; the screen follows by itself. */
export function phone(w: Wizard): TemplateResult {
  const t = w.t.phone;
  const ready = w.renewal !== undefined && phoneReady(w.renewal);
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`${state(w)} ${body(w, ready)}`,
    ...(ready && { primary: { label: w.t.next, test: "phone-next", act: () => visit(w, "contact") } }),
    after: ready ? t.after : t.later,
  });
}

/** What to do now: scan, go on in the hand, or compare. */
function body(w: Wizard, ready: boolean): Part {
  if (ready) return again(w);
  return w.renewal?.phone?.state === "scanned" ? html`${handset(w)} ${again(w)}` : guide(w);
}

/** What the phone asks for after the scan. */
function handset(w: Wizard): TemplateResult {
  const t = w.t.handset;
  return html`<div class="picture" role="img" aria-label=${w.t.phone.picture}>
    ${drawnPhone(t.pinTitle, html`<p class="handset-field"><span>${t.pinLabel}</span><span>●●●●●●</span></p>`, t.pinGo)}
  </div>`;
}

function state(w: Wizard): TemplateResult {
  const t = w.t.phone;
  const { state: now = "waiting", code } = w.renewal?.phone ?? {};
  const ready = now === "ready" || now === "active";
  return html`<p class="state ${ready ? "good" : "waiting"}" data-testid="phone-state" data-phone=${now}>
      ${ready ? t.ready : t[now]}
    </p>
    ${ready && code ? phoneCode(code, t.readyCode, t.readyHint) : nothing}`;
}

/** The six digits, as large as the phone shows them. */
export function phoneCode(code: string, label: string, hint: string): TemplateResult {
  return html`<div class="note" data-testid="phone-code" data-code=${code}>
    <h3>${label}</h3>
    <p class="digits"><span aria-hidden="true">${sixDigits(code)}</span><span class="hidden-label">${spelled(code)}</span></p>
    <p>${hint}</p>
  </div>`;
}

/** A phone that is not the person's own may have scanned the code: how to replace it. */
function again(w: Wizard): TemplateResult {
  return html`<details><summary data-testid="phone-again">${w.renewal?.phone?.state === "scanned" ? w.t.phone.showAgain : w.t.phone.again}</summary><br />${guide(w)}</details>`;
}

function guide(w: Wizard): Part {
  const t = w.t.phone;
  const url = w.renewal?.application?.enrolmentUrl;
  const step = (title: string, hint: Part) => html`<li><strong>${title}</strong><p class="small">${hint}</p></li>`;
  return html`<div class="phone">
      <img class="qr" src=${w.portal.address("application/qr.svg")} alt=${t.qr} data-testid="phone-qr" />
      <ol class="steps">
        ${step(t.install, html`${t.installHint} <strong>${w.info?.phoneApp}</strong>`)} ${step(t.scan, t.scanHint)}
        ${step(t.pin, t.pinHint)}
      </ol>
    </div>
    ${url
      ? html`<details>
          <summary data-testid="phone-link-show">${t.link}</summary>
          <p><a class="mono" href=${url} target="_blank" rel="noopener noreferrer" data-testid="phone-link">${url}</a></p>
        </details>`
      : nothing}`;
}
