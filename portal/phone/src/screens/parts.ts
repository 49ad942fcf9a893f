// What the screens share.

import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Fault } from "../app";
import { texts, type Text } from "../text/text";

export type View = (app: App, t: Text) => TemplateResult;

/** Order of the steps that a person goes through. */
const enrolling = ["number", "backup", "pin", "activate", "code"];
const restoring = ["restore-file", "backup", "restore"];

/** One decision a screen: a heading, what it is about, at most one primary button at the end. */
export function page(app: App, t: Text, title: string, lead: string, body: TemplateResult): TemplateResult {
  const steps = app.choosingBackup || app.phone?.restoring ? restoring : enrolling;
  const step = steps.indexOf(app.screen);
  return html`<main data-testid="screen-${app.screen}" aria-busy=${app.busy ? "true" : "false"}>
    ${step < 0 ? nothing : html`<p class="step">${t.step(step + 1, steps.length)}</p>`}
    <h1 tabindex="-1" data-focus>${title}</h1>
    ${lead === "" ? nothing : html`<p class="lead">${lead}</p>`}
    ${body}
    <p class="busy" role="status">${app.busy ? t.busy : ""}</p>
  </main>`;
}

/** The summary at the top of what is wrong: it links to the field. */
export function summary(app: App, t: Text, field?: string): TemplateResult | typeof nothing {
  if (app.fault === undefined) return nothing;
  const [what, todo] = t.faults[app.fault];
  return html`<div class="error" role="alert" data-testid="error" data-code=${app.fault}>
    <p class="error-what">${field ? html`<a href="#${field}" @click=${focusField}>${what}</a>` : what}
      ${app.fault === "pin_incorrect" ? html`<strong>${t.triesLeft(app.triesLeft)}</strong>` : nothing}</p>
    <p>${todo}</p>
    <p class="support">${t.supportCode}: ${app.fault}</p>
  </div>`;
}

function focusField(event: Event): void {
  event.preventDefault();
  const href = (event.currentTarget as HTMLAnchorElement).getAttribute("href") ?? "";
  document.getElementById(href.slice(1))?.focus();
}

/** The same words at the field. */
export function fieldError(app: App, t: Text, id: string, faults: readonly Fault[]): TemplateResult | typeof nothing {
  return app.fault !== undefined && faults.includes(app.fault) ? html`<p class="field-error" id="${id}-error">${t.faults[app.fault][0]}</p>` : nothing;
}

/**
 * A field for a PIN. It is a text field drawn as dots where the browser can do that: a field of type
 * password makes browsers offer to keep the PIN, and to send it to their makers' clouds.
 */
export function pinField(app: App, t: Text, id: string, label: string, faults: readonly Fault[]): TemplateResult {
  const dots = CSS.supports("-webkit-text-security", "disc");
  const wrong = app.fault !== undefined && faults.includes(app.fault);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${fieldError(app, t, id, faults)}
    <input id=${id} data-testid=${id} class="pin" type=${dots ? "text" : "password"} inputmode="numeric" pattern="[0-9]*"
      maxlength="6" autocomplete="off" autocapitalize="off" spellcheck="false" ?disabled=${app.busy}
      aria-invalid=${wrong ? "true" : "false"} aria-describedby=${wrong ? `${id}-error` : nothing}>
  </div>`;
}

export function primary(app: App, id: string, label: string): TemplateResult {
  return html`<button class="primary" type="submit" data-testid=${id} ?disabled=${app.busy}>${label}</button>`;
}

function field(id: string): HTMLInputElement | HTMLTextAreaElement | undefined {
  const e = document.getElementById(id);
  return e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement ? e : undefined;
}

export function fieldValue(id: string): string {
  return field(id)?.value ?? "";
}

/** Empties fields that held a secret. */
export function wipe(...ids: string[]): void {
  for (const id of ids) {
    const e = field(id);
    if (e) e.value = "";
  }
}

/** A time as people write it; given as text, or in seconds since the epoch. */
export function when(time: string | number | undefined, t: Text): string {
  if (time === undefined) return "";
  const date = typeof time === "number" ? new Date(time * 1000) : new Date(time);
  return date.toLocaleString(t === texts.pl ? "pl-PL" : "en-GB", { dateStyle: "long", timeStyle: "short" });
}

/** A form's submit, without its effect on the page. */
export function submit(f: () => Promise<unknown>): (e: Event) => void {
  return (e) => {
    e.preventDefault();
    void f();
  };
}
