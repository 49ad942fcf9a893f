import { html } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Start } from "../../portal/parse.ts";
import { chooseStart } from "../actions.ts";
import { fieldError, isWrong, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** Step 3: when the new certificate becomes valid. */
export function validity(w: Wizard): TemplateResult {
  const t = w.t.validity;
  const latest = w.renewal ? w.dates.day(w.renewal.latestStart) : "";
  const chosen = w.form.start ?? w.renewal?.start;
  const choice = (start: Start, label: string, hint: string, test: string) => html`<label class="choice">
    <input type="radio" name="start" value=${start} data-field="start" data-testid=${test} .checked=${chosen === start}
      @change=${() => (w.form.start = start)} />
    <span><strong>${label}</strong><span class="hint">${hint}</span></span>
  </label>`;
  return page(w, {
    title: t.title,
    body: html`<fieldset class="choices ${isWrong(w, "start") ? "wrong" : ""}">
      <legend class="hidden-label">${t.title}</legend>
      ${fieldError(w, "start")} ${choice("now", t.now, t.nowHint, "start-now")}
      ${choice("after_current", t.afterCurrent, t.afterCurrentHint(latest), "start-after-current")}
    </fieldset>`,
    primary: { label: w.t.next, test: "validity-next", act: () => chooseStart(w) },
    after: t.after,
  });
}
