import { html, nothing, render } from "lit-html";
import type { TemplateResult } from "lit-html";
import { elementName } from "../bridge/page.ts";
import type { Language } from "../bridge/messages.ts";
import { adoptLook } from "../look/stylesheet.ts";
import { en } from "../texts/en.ts";
import { pl } from "../texts/pl.ts";
import type { Texts } from "../texts/pl.ts";
import { adviceFor, languageOf } from "../texts/texts.ts";
import { sixDigits, spelled } from "../wizard/code.ts";
import { drawn } from "../wizard/window.ts";
import { Pairing, workerPort } from "./pairing.ts";
import type { Stage } from "./pairing.ts";

let open: Promise<boolean> | undefined;

/**
 * Asks the person to pair this browser with the agent, in a dialog over the page. True once they are
 * paired, false when the person gave up. One dialog at a time: who asks meanwhile gets the same answer.
 *
 * It has a closed shadow root of its own, and takes a yes from a person's hand only: it is the
 * extension that asks, not the page.
 */
export function openPairing(language?: Language): Promise<boolean> {
  open ??= ask(language).finally(() => (open = undefined));
  return open;
}

function ask(wanted?: Language): Promise<boolean> {
  const place = document.querySelector(elementName);
  const language = wanted ?? languageOf(place ?? document.documentElement);
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: ODNOWA_TEST_ONLY_OPEN_SHADOW ? "open" : "closed" });
  adoptLook(root);
  (place?.shadowRoot ?? place ?? document.documentElement).append(host);
  return new Promise((resolve) => {
    const pairing = new Pairing(workerPort, () => render(dialog(pairing, language), root), (paired) => {
      host.remove();
      resolve(paired);
    });
    pairing.start();
    root.querySelector("dialog")?.showModal();
  });
}

/** The dialog as it is now. */
function dialog(pairing: Pairing, language: Language): TemplateResult {
  const t = language === "pl" ? pl : en;
  const { stage } = pairing;
  const stopped = (event: Event) => {
    event.preventDefault();
    pairing.cancel();
  };
  return html`<dialog class="panel" lang=${language} aria-labelledby="pairing-title" data-testid="pairing" data-stage=${stage.at}
      @cancel=${stopped}>
    <div class="body">
      <h2 class="title" id="pairing-title" tabindex="-1" autofocus>${t.pairing.title}</h2>
      <div aria-live="polite">${stage.at === "failed" ? failed(stage, language, t) : body(stage, t)}</div>
      <div class="actions">${buttons(pairing, t)}</div>
    </div>
  </dialog>`;
}

function body(stage: Exclude<Stage, { at: "failed" }>, t: Texts): TemplateResult {
  if (stage.at === "opening") return html`<p class="lead">${t.pairing.lead}</p><p class="busy" role="status">${t.pairing.opening}</p>`;
  const { code, saidHere, saidThere } = stage;
  return html`<p class="lead">${t.pairing.compare}</p>
    <div class="note" data-testid="pairing-code" data-code=${code}>
      <h3>${t.pairing.code}</h3>
      <p class="digits"><span aria-hidden="true">${sixDigits(code)}</span><span class="hidden-label">${spelled(code)}</span></p>
    </div>
    <div class="picture" role="img" aria-label=${t.pairing.picture}>
      ${drawn(
        t.window.title,
        // Without the digits: those to compare with are in the window itself.
        html`<p>${t.window.pairing}</p><p class="window-digits">••• •••</p>`,
        [t.window.cancel, t.window.differ, t.window.same],
      )}
    </div>
    ${saidHere || saidThere
      ? html`<p class="state waiting" role="status">${saidHere ? t.pairing.saidHere : t.pairing.saidThere}</p>`
      : nothing}`;
}

function failed({ error }: Stage & { at: "failed" }, language: Language, t: Texts): TemplateResult {
  const { title, cure } = adviceFor(error, language);
  return html`<div class="summary" role="alert" data-testid="pairing-failed" data-code=${error.code}>
    <h2>${title}</h2><p>${cure}</p><p class="code-small">${t.supportCode} <code>${error.code}</code></p>
  </div>`;
}

function buttons(pairing: Pairing, t: Texts): TemplateResult {
  /** A script of the page can't press these. */
  const byHand = (act: () => void) => (event: Event) => {
    if (event.isTrusted) act();
  };
  const { stage } = pairing;
  const asking = stage.at === "compare" && !stage.saidHere;
  return html`${asking
      ? html`<button type="button" class="button" data-testid="pairing-same" @click=${byHand(() => pairing.same())}>${t.pairing.same}</button>
          <button type="button" class="button second" data-testid="pairing-differ" @click=${byHand(() => pairing.differ())}>${t.pairing.differ}</button>`
      : nothing}
    ${stage.at === "failed"
      ? html`<button type="button" class="button" data-testid="pairing-again" @click=${byHand(() => pairing.start())}>${t.retry}</button>`
      : nothing}
    <button type="button" class="link" data-testid="pairing-cancel" @click=${() => pairing.cancel()}>${t.cancel}</button>`;
}
