import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { openRenewal } from "../actions.ts";
import { formatInput } from "../code.ts";
import { fieldError, isWrong, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** Step 1: the renewal code. */
export function code(w: Wizard): TemplateResult {
  const t = w.t.code;
  const typed = (event: InputEvent) => {
    w.form.code = formatInput(event.target as HTMLInputElement);
  };
  return page(w, {
    title: w.resuming ? t.titleResume : t.title,
    lead: w.resuming ? t.leadResume : t.lead,
    body: html`<div class="field ${isWrong(w, "code") ? "wrong" : ""}">
      <label for="code">${t.label}</label>
      <span class="hint" id="code-hint">${t.hint}</span>
      ${fieldError(w, "code")}
      <input class="input code" id="code" data-field="code" data-testid="code-input" type="text" inputmode="text"
        autocapitalize="characters" autocomplete="off" spellcheck="false" maxlength="96"
        aria-describedby="code-hint error-code" aria-invalid=${isWrong(w, "code") ? "true" : nothing}
        .value=${live(w.form.code)} @input=${typed} />
    </div>`,
    primary: { label: w.t.next, test: "code-next", act: () => openRenewal(w) },
    after: t.after,
  });
}
