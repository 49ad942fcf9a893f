import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { giveContact } from "../actions.ts";
import { fieldError, isWrong, page } from "../parts.ts";
import type { Part } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** Step 9: e-mail and mobile phone. */
export function contact(w: Wizard): TemplateResult {
  const t = w.t.contact;
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`${field(w, "email", t.email, "email", "email")}
      ${field(w, "phone", t.phone, "tel", "tel", t.phoneHint)}`,
    primary: { label: w.t.next, test: "contact-next", act: () => giveContact(w) },
    after: t.after,
  });
}

function field(
  w: Wizard,
  name: "email" | "phone",
  label: string,
  type: "email" | "tel",
  complete: AutoFill,
  hint?: string,
): Part {
  const wrong = isWrong(w, name);
  return html`<div class="field ${wrong ? "wrong" : ""}">
    <label for=${name}>${label}</label>
    ${hint ? html`<span class="hint" id="hint-${name}">${hint}</span>` : nothing} ${fieldError(w, name)}
    <input class="input" id=${name} type=${type} autocomplete=${complete} data-field=${name} data-testid="contact-${name}"
      aria-describedby="hint-${name} error-${name}" aria-invalid=${wrong ? "true" : nothing}
      .value=${live(w.form[name])} @input=${(event: Event) => (w.form[name] = (event.target as HTMLInputElement).value)} />
  </div>`;
}
