/** The pieces that every screen is made of. */
import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { askToLeave, visit } from "./actions.ts";
import { cure, remedyFor } from "./cures.ts";
import type { Failure, Field } from "./failure.ts";
import { before, stepOf, steps } from "./steps.ts";
import { copyReport, switchLanguage } from "./support.ts";
import type { Wizard } from "./wizard.ts";

export type Part = TemplateResult | readonly TemplateResult[] | typeof nothing | string;

export interface Page {
  title: string;
  lead?: string;
  body?: Part;
  /** The one primary button; absent where the person can only wait or read. */
  primary?: { label: string; test: string; act: () => unknown; danger?: boolean };
  secondary?: { label: string; test: string; act: () => unknown };
  /** What happens next, in one line. */
  after?: string;
  /** False where there is no way back. */
  back?: boolean;
}

/** One screen: progress, what failed, the question, one primary button. */
export function page(w: Wizard, content: Page): TemplateResult {
  const { primary, secondary } = content;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!w.busy) primary?.act();
  };
  return panel(w, w.busy ?? "no", html`<form class="body" novalidate autocomplete="off" @submit=${submit}>
      ${content.back === false ? nothing : back(w)} ${summary(w, primary !== undefined && primary.label !== w.t.retry)}
      <h2 class="title" tabindex="-1" data-testid="heading" aria-describedby="step">${content.title}</h2>
      ${content.lead ? html`<p class="lead">${content.lead}</p>` : nothing} ${content.body ?? nothing}
      <div class="actions ${primary || secondary || w.busy ? "" : "empty"}">
        ${primary
          ? html`<button type="submit" class="button ${primary.danger ? "danger" : ""}" data-testid=${primary.test}
              aria-disabled=${w.busy ? "true" : "false"}>${primary.label}</button>`
          : nothing}
        ${secondary && !w.busy ? linkButton(secondary.label, secondary.test, secondary.act) : nothing}
        <p class=${w.busy ? "busy" : ""} data-testid="busy">${w.busy ? w.t.busy[w.busy] : nothing}</p>
      </div>
      ${content.after && !w.busy ? html`<p class="after">${content.after}</p>` : nothing} ${help(w)}
    </form>
    ${foot(w)}`);
}

/** One screen while a window or the phone goes on: what is waited for, and no way but to wait or to stop. */
export function waitingPage(w: Wizard, busy: "signing" | "activating", title: string, body: Part): TemplateResult {
  return panel(w, busy, html`<div class="body">
      <h2 class="title" tabindex="-1" data-testid="heading">${title}</h2>
      ${body}
    </div>`);
}

function panel(w: Wizard, busy: string, content: TemplateResult): TemplateResult {
  return html`<section class="panel" data-testid="wizard" data-screen=${w.screen} data-state=${w.renewal?.state ?? "none"}
      data-busy=${busy} lang=${w.language}>
    ${head(w)} ${content}
  </section>`;
}

/** How far the person is; before the first step, whose wizard it is. */
function head(w: Wizard): TemplateResult {
  // Without an issued certificate the activation is no step of a renewal.
  const step = w.screen === "activate" && w.renewal?.state !== "issued" ? undefined : stepOf(w.screen);
  const number = step ? steps.indexOf(step) + 1 : 0;
  const still = !w.busy && !w.signing && !w.activation;
  return html`<header class="top">
      ${step
        ? html`<p class="step" id="step" data-testid="step"><strong>${w.t.step(number, steps.length)}</strong> · ${w.t.steps[step]}</p>`
        : html`<p class="brand">${w.info?.name ?? nothing}</p>`}
      ${w.info?.test ? html`<span class="tag" title=${w.t.testNote}>${w.t.test}</span>` : nothing}
      ${still
        ? html`<button type="button" class="link language" lang=${w.t.other.tag} data-testid="language"
            @click=${() => switchLanguage(w)}>${w.t.other.name}</button>`
        : nothing}
    </header>
    ${step ? html`<progress class="bar" aria-hidden="true" max=${steps.length} value=${number}></progress>` : nothing}`;
}

function back(w: Wizard): Part {
  const screen = before(w.screen, w.renewal);
  if (!screen || w.busy) return nothing;
  return html`<button type="button" class="link back" data-testid="back" @click=${() => visit(w, screen)}>${w.t.back}</button>`;
}

function foot(w: Wizard): Part {
  if (!w.info) return nothing;
  const canLeave = w.renewal && !w.busy && !["start", "leaving", "issuing", "issued", "activate", "unavailable"].includes(w.screen);
  return html`<footer class="foot">
    <p>${w.t.support} ${contacts(w)}</p>
    ${canLeave ? linkButton(w.t.leave, "leave", () => askToLeave(w)) : nothing}
  </footer>`;
}

/** How to reach the CA's support. */
export function contacts({ info }: Wizard): Part {
  if (!info) return nothing;
  const { email, phone } = info.support;
  return html`<a href="tel:${phone.replaceAll(" ", "")}">${phone}</a>, <a href="mailto:${email}">${email}</a>`;
}

/** What failed, what to do, and a button that does it, unless the screen's own says the same. */
function summary(w: Wizard, canSubmit: boolean): Part {
  const [first] = w.failures;
  if (!first) return nothing;
  const { tone } = first;
  return html`<div class="summary ${tone}" role="alert" tabindex="-1" data-testid="error-summary" data-code=${first.code ?? nothing}>
    <h2>${tone === "notice" ? w.t.noticeTitle : w.t.errorTitle}</h2>
    <ul>${w.failures.map(({ title, field }) => html`<li>${field ? toField(field, title) : html`<strong>${title}</strong>`}</li>`)}</ul>
    ${w.failures.map((failure) => html`${failure.cure ? html`<p>${failure.cure}</p>` : nothing} ${ways(w, failure, canSubmit ? "submit" : undefined)}`)}
  </div>`;
}

/** The ways out of a failure: what cures it, and what support wants to know. */
export function ways(w: Wizard, { source, code }: Failure, again: (() => unknown) | "submit" | undefined): Part {
  if (!code) return nothing;
  const remedy = remedyFor(source, code);
  return html`<div class="actions ways ${remedy === "here" ? "empty" : ""}">
      ${remedy === "retry" && !again ? nothing : cure(w, remedy, code, again ?? "submit")}
      ${remedy === "here" ? nothing : linkButton(w.t.report.copy, "report-copy", () => copyReport(w))}
    </div>
    <p class="code-small">${w.t.supportCode} <code>${code}</code></p>
    ${remedy === "here" ? nothing : report(w)}`;
}

/** The report that was copied, to be seen before it is sent. */
function report(w: Wizard): Part {
  if (!w.report) return nothing;
  const { text, copied } = w.report;
  return html`<div class="report" tabindex="-1" data-testid="report" data-copied=${copied ? "yes" : "no"}>
    <p><strong>${copied ? w.t.report.copied : w.t.report.byHand}</strong> ${w.t.report.nothingPersonal}</p>
    <textarea class="input mono" readonly rows="10" aria-label=${w.t.report.label} .value=${text}></textarea>
  </div>`;
}

/** Answers to what people ask at this step. */
function help(w: Wizard): Part {
  const texts = w.t.help[w.screen];
  if (!texts || w.busy) return nothing;
  return html`<details class="help" data-testid="help">
    <summary>${w.t.helpTitle}</summary>
    <ul class="list">${texts.map((text) => html`<li>${text}</li>`)}</ul>
    ${[...w.failures, w.cardsFailure].every((failure) => remedyFor(failure?.source, failure?.code) === "here")
      ? html`<p>${linkButton(w.t.report.copy, "report-copy", () => copyReport(w))}</p>${report(w)}`
      : nothing}
  </details>`;
}

/** A link of the summary that leads to the field. A button, as the page's address is the CA's. */
function toField(field: Field, title: string): TemplateResult {
  const go = (event: Event) => {
    const root = (event.currentTarget as Element).getRootNode() as ShadowRoot;
    root.querySelector<HTMLElement>(`[data-field="${field}"]`)?.focus();
  };
  return html`<button type="button" class="link" data-testid="error-link-${field}" @click=${go}>${title}</button>`;
}

/** The words of the summary once more, at the field. */
export function fieldError(w: Wizard, field: Field): Part {
  const failure = w.failures.find((candidate) => candidate.field === field);
  return failure ? html`<span class="field-error" id="error-${field}">${failure.title}</span>` : nothing;
}

export function isWrong(w: Wizard, field: Field): boolean {
  return w.failures.some((failure) => failure.field === field);
}

export function linkButton(label: string, test: string, act: () => unknown): TemplateResult {
  return html`<button type="button" class="link ${test}" data-testid=${test} @click=${act}>${label}</button>`;
}

/** A list of facts; pairs without a value are left out. */
export function facts(pairs: readonly (readonly [string, Part | undefined])[], look = "rows"): TemplateResult {
  const known = pairs.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl class="facts ${look}">${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

const sheet = html`<svg viewBox="0 0 32 40" aria-hidden="true">
  <path class="sheet" d="M3 1h18l8 8v30H3zM21 1v8h8" />
  <path class="sheet-lines" d="M8 17h16M8 22h16M8 27h10" />
</svg>`;

/** A document that can be opened (in a new tab) and saved. */
export function documentCard(
  w: Wizard,
  document: { title: string; note?: string; path: string; saveAs: string; test: string; view?: string; save: string },
): TemplateResult {
  const address = w.portal.address(document.path);
  return html`<div class="document">
    ${sheet}
    <div class="what"><strong>${document.title}</strong>${document.note ? html`<span>${document.note}</span>` : nothing}</div>
    <div class="buttons">
      ${document.view
        ? html`<a class="button second small" href=${address} target="_blank" rel="noopener" data-testid="${document.test}-view"
            >${document.view}<span class="hidden-label"> (${w.t.newTab})</span></a>`
        : nothing}
      <a class="button second small" href=${address} download=${document.saveAs} data-testid="${document.test}-save"
        >${document.save}<span class="hidden-label">: ${document.title}</span></a>
    </div>
  </div>`;
}
