import { html } from "lit-html";
import type { TemplateResult } from "lit-html";

/** A drawing of one of the agent's windows, so that a person knows the true one. */
export function drawn(title: string, body: TemplateResult, buttons: readonly string[]): TemplateResult {
  return html`<div aria-hidden="true"><div class="window">
    <div class="window-title">${title}</div>
    <div class="window-body">${body}<div class="window-buttons">${buttons.map((label) => html`<span>${label}</span>`)}</div></div>
  </div></div>`;
}

/** A drawing of the phone's screen with the rSign app. */
export function drawnPhone(title: string, body: TemplateResult, button: string): TemplateResult {
  return html`<div class="handset" aria-hidden="true">
    <p class="handset-app">rSign</p>
    <p><strong>${title}</strong></p>
    ${body}
    <p class="handset-button">${button}</p>
  </div>`;
}
