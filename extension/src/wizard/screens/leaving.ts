import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { leave, visit } from "../actions.ts";
import { page } from "../parts.ts";
import { isSigned } from "../steps.ts";
import type { Wizard } from "../wizard.ts";

/** Asks back before this browser forgets the renewal, and says how to take a break without that. */
export function leaving(w: Wizard): TemplateResult {
  const t = w.t.leaving;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: html`${isSigned(w.renewal) ? html`<div class="note warn"><p>${t.signedWarning}</p></div>` : nothing}
      <p>${t.tip}</p>`,
    primary: { label: t.confirm, test: "leave-confirm", act: () => leave(w, false), danger: true },
    secondary: { label: t.keep, test: "leave-keep", act: () => visit(w, w.leftFrom ?? "start") },
  });
}
