import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Language } from "../bridge/messages.ts";
import type { Check } from "../bridge/types.gen.ts";
import type { PopupTexts } from "../texts/popup.pl.ts";
import { adviceFor } from "../texts/texts.ts";
import type { AgentStatus, Status } from "./status.ts";

/** What the popup draws, and what its buttons do. */
export interface Popup {
  t: PopupTexts;
  language: Language;
  /** The extension's name, with the CA's. */
  name: string;
  /** Undefined while it looks. */
  status: Status | undefined;
  /** What came of copying the report. */
  told: string;
  again: () => unknown;
  copy: () => unknown;
  switchLanguage: () => unknown;
}

const marks = { ok: "✓", warning: "!", failed: "!", unknown: "" };

/** The popup: state first, then the website, the program and its checks. */
export function popup(p: Popup): TemplateResult {
  const { t, status } = p;
  const help = helpUrl(status);
  return html`<main class="popup" data-testid="popup" data-state=${stateOf(status)}>
    <header class="popup-top">
      <p class="brand">${p.name}</p>
      <button type="button" class="link language" lang=${t.other.tag} data-testid="popup-language" @click=${p.switchLanguage}>${t.other.name}</button>
    </header>
    <h1 class="title">${status ? (isReady(status) ? t.ready : t.notReady) : t.looking}</h1>
    ${status ? details(p, status) : html`<p class="busy">${t.looking}</p>`}
    <div class="actions">
      <button type="button" class="button small" data-testid="popup-again" aria-disabled=${status ? "false" : "true"} @click=${p.again}>${t.again}</button>
      <button type="button" class="link" data-testid="popup-report" @click=${p.copy}>${t.report}</button>
      ${help ? html`<a href=${help} target="_blank" rel="noopener" data-testid="popup-help">${t.help}</a>` : nothing}
    </div>
    <p class="small popup-foot"><span role="status" data-testid="popup-told">${p.told}</span> Odnowa, ${t.version(ODNOWA_VERSION)}</p>
  </main>`;
}

function details(p: Popup, status: Status): TemplateResult {
  const { t } = p;
  return html`<h2>${t.site}</h2>
    ${site(t, status)}
    <h2>${t.agent}</h2>
    ${status.agent ? agent(p, status.agent) : html`<p>${t.notAsked}</p>`}`;
}

function site(t: PopupTexts, { site: open, listed, isNarrowed }: Status): TemplateResult {
  return html`${open
      ? html`<p data-testid="popup-site" data-origin=${open.origin}><span class="mono">${open.origin}</span><br />
          <span class="small">${open.inFront ? t.siteInFront : t.siteElsewhere}</span></p>`
      : html`<p data-testid="popup-no-site">${listed.length > 0 ? t.siteNone : t.siteForbidden}</p>
          <ul class="list mono">${listed.map((origin) => html`<li>${origin}</li>`)}</ul>`}
    ${isNarrowed ? html`<p class="small" data-testid="popup-narrowed">${t.narrowed}</p>` : nothing}`;
}

function agent({ t, language }: Popup, { way, version, failure, checks }: AgentStatus): TemplateResult {
  const advice = failure && adviceFor(failure, language);
  return html`${advice
      ? html`<div class="note warn" data-testid="popup-failure" data-code=${failure.code}><h3>${advice.title}</h3><p>${advice.cure}</p>
          <p class="code-small">${t.code} <code>${failure.code}</code></p></div>`
      : html`<p data-testid="popup-agent">${version ? t.version(version) : nothing}</p>`}
    <p class="small" data-testid="popup-way" data-way=${way}>${failure ? t.wayTried : t.way}: ${t.ways[way]}</p>
    ${checks.length > 0 ? html`<h2>${t.checksTitle}</h2><ul class="checks">${checks.map((item) => check(t, language, item))}</ul>` : nothing}`;
}

function check(t: PopupTexts, language: Language, { id, state, code, cure }: Check): TemplateResult {
  const advice = code ? adviceFor({ source: "agent", code }, language) : undefined;
  return html`<li data-testid="popup-check-${id}" data-check=${state} data-code=${code ?? nothing}>
    <span class="mark ${state}" aria-hidden="true">${marks[state]}</span>
    <div><strong>${t.checks[id] ?? id}</strong><span class="hidden-label">: ${t.states[state]}</span>
      ${advice ? html`<p>${advice.title}</p>` : nothing} ${state === "ok" ? nothing : html`<p class="cure">${advice?.cure ?? cure ?? ""}</p>`}</div>
  </li>`;
}

function isReady({ agent: asked }: Status): boolean {
  return asked !== undefined && !asked.failure && asked.checks.every(({ state }) => state === "ok" || state === "warning");
}

function stateOf(status: Status | undefined): string {
  if (!status) return "looking";
  return isReady(status) ? "ready" : "not-ready";
}

/** The CA's website: where its help is, too. */
function helpUrl(status: Status | undefined): string | undefined {
  const origin = status?.site?.origin ?? status?.listed.find((entry) => !entry.endsWith(":*"));
  return origin && `${origin}/`;
}
