import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Language } from "../bridge/messages.ts";
import type { PreparationTexts } from "../texts/preparation.pl.ts";
import { isReady, rows } from "./checks.ts";
import type { Outcome, Outcomes, Row } from "./checks.ts";

/** What the preparation shows. */
export interface Preparation {
  t: PreparationTexts;
  language: Language;
  outcomes: Outcomes;
  checking: boolean;
  installUrl: string | undefined;
  check: () => void;
  pair: () => unknown;
  start: () => unknown;
}

const marks = { ok: "✓", warning: "!", failed: "!", unknown: "" };

/** Step 0: what this computer has and lacks, and what to have at hand. */
export function preparation(p: Preparation): TemplateResult {
  const { t } = p;
  const ready = isReady(p.outcomes);
  return html`<section class="panel" lang=${p.language} data-testid="preparation" data-ready=${ready ? "yes" : "no"}>
    <div class="body">
      <h2 class="title">${t.title}</h2>
      <p class="lead">${t.lead}</p>
      <h3>${t.checksTitle}</h3>
      <ul class="checks" aria-live="polite">${rows.map((name) => row(p, name, p.outcomes[name]))}</ul>
      <h3>${t.needsTitle}</h3>
      <ul class="needs">${t.needs.map(([what, why]) => html`<li><strong>${what}</strong><span>${why}</span></li>`)}</ul>
      <div class="actions">
        ${ready
          ? html`<button type="button" class="button" data-testid="preparation-start" @click=${p.start}>${t.start}</button>`
          : html`<button type="button" class="button second" data-testid="preparation-check" @click=${p.check}
              aria-disabled=${p.checking ? "true" : "false"}>${t.again}</button>`}
        <p class=${p.checking ? "busy" : "small"} role="status">${p.checking ? t.checking : ready ? t.ready : t.notReady}</p>
      </div>
      <p class="after">${t.after}</p>
    </div>
  </section>`;
}

function row(p: Preparation, name: Row, outcome: Outcome): TemplateResult {
  const { t } = p;
  const title = name === "browser" && outcome.state === "failed" ? t.browserFailed : outcome.title;
  const cure = name === "browser" && outcome.state === "failed" ? t.browserCure : outcome.cure;
  return html`<li data-testid="check-${name}" data-check=${outcome.state} data-code=${outcome.code ?? nothing}>
    <span class="mark ${outcome.state}" aria-hidden="true">${marks[outcome.state]}</span>
    <div>
      <strong>${t.checks[name]}</strong><span class="hidden-label">: ${t.states[outcome.state]}</span>
      ${title ? html`<p>${title}</p>` : nothing} ${cure ? html`<p class="cure">${cure}</p>` : nothing}
      ${action(p, name, outcome)}
    </div>
  </li>`;
}

/** Codes of an agent that has to be installed, or installed again. */
const uninstalled: ReadonlySet<string | undefined> = new Set(["agent_missing", "agent_forbidden"]);

function action(p: Preparation, name: Row, outcome: Outcome): TemplateResult | typeof nothing {
  if (outcome.code !== "not_paired") return install(p, name, outcome);
  return html`<div class="actions">
    <button type="button" class="button small" data-testid="preparation-pair" @click=${p.pair}>${p.t.pair}</button>
  </div>`;
}

function install({ t, installUrl }: Preparation, name: Row, outcome: Outcome): TemplateResult | typeof nothing {
  const extension = name === "extension" && outcome.state === "failed";
  if (!extension && !(name === "agent" && uninstalled.has(outcome.code))) return nothing;
  return html`<div class="actions">
    ${installUrl
      ? html`<a class="button small" href=${installUrl} target="_blank" rel="noopener" data-testid="preparation-install"
          >${extension ? t.install : t.installAgent}</a>`
      : nothing}
    ${extension
      ? html`<button type="button" class="link" data-testid="preparation-reload" @click=${() => location.reload()}>${t.reload}</button>`
      : nothing}
  </div>`;
}
