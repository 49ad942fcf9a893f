import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Certificate, ListResult } from "../../bridge/types.gen.ts";
import { agentError } from "../../bridge/error.ts";
import { adviceFor } from "../../texts/texts.ts";
import { chooseCertificate } from "../actions.ts";
import { loadCards } from "../cards.ts";
import { remedyFor } from "../cures.ts";
import { facts, fieldError, isWrong, linkButton, page, ways } from "../parts.ts";
import type { Part } from "../parts.ts";
import { readCertificate } from "../x509.ts";
import type { Wizard } from "../wizard.ts";

/** Step 4: the certificate that signs. The list follows the cards. */
export function certificate(w: Wizard): TemplateResult {
  const t = w.t.certificate;
  const some = w.cards?.certificates.some(isUsable) ?? false;
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`<div>${list(w)}</div>`,
    ...(some && { primary: { label: w.t.next, test: "certificate-next", act: () => chooseCertificate(w) } }),
    ...(some && { after: t.after }),
  });
}

/** With a locked PIN nothing can be signed. */
const isUsable = ({ pin }: Certificate) => pin !== "locked";

function list(w: Wizard): Part {
  const t = w.t.certificate;
  const { cards, cardsFailure } = w;
  const refresh = linkButton(t.refresh, "certificate-refresh", () => loadCards(w));
  if (cardsFailure) {
    const { title, cure, code, source } = cardsFailure;
    return html`<div class="note warn" data-testid="cards-failure" data-code=${code ?? nothing}>
      <h3>${title}</h3><p>${cure}</p> ${ways(w, cardsFailure, () => loadCards(w))}
    </div>${remedyFor(source, code) === "retry" ? nothing : refresh}`;
  }
  if (!cards) return html`<p class="busy">${w.t.busy.cards}</p>`;
  return html`${cards.certificates.length > 0
      ? html`<fieldset class="choices ${isWrong(w, "certificate") ? "wrong" : ""}">
          <legend class="hidden-label">${t.title}</legend>
          ${fieldError(w, "certificate")} ${cards.certificates.map((item) => choice(w, item))}
        </fieldset>`
      : none(w, cards)}
    ${refused(w, cards)} ${broken(w, cards)} ${refresh}`;
}

/** Why the list is empty: what the agent's checks say, else what the cards in reach tell. */
function none(w: Wizard, { refused: items, modules }: ListResult): Part {
  const t = w.t.certificate;
  const said = (code: string, title: string, cure: string, more: Part = nothing) =>
    html`<div class="note" data-testid="no-certificate" data-code=${code}><h3>${title}</h3><p>${cure}</p>${more}</div>`;
  if (modules.some(({ code }) => code === "module_slow")) {
    const { title, cure } = adviceFor(agentError("module_slow"), w.language);
    return said("module_slow", title, cure, html`<p class="busy">${w.t.busy.cards}</p>`);
  }
  if (items.length > 0) return said("no_certificate", t.unusable, t.unusableHint);
  const missing = w.cardsMissing;
  if (!missing || missing.code === "no_card" || modules.some(({ code }) => code === missing.code)) return said("no_card", t.none, t.noneHint);
  const { title, cure } = adviceFor(missing, w.language);
  return said(missing.code, title, cure, html`<p>${t.byItself}</p>`);
}

function choice(w: Wizard, item: Certificate): TemplateResult {
  const t = w.t.certificate;
  const read = readCertificate(item.der);
  const locked = !isUsable(item);
  const warning = t.pin[item.pin];
  return html`<label class="choice">
    <input type="radio" name="certificate" value=${item.id} data-field="certificate" data-testid="certificate-choice"
      data-certificate=${item.id} ?disabled=${locked} .checked=${!locked && w.form.certificateId === item.id}
      @change=${() => (w.form.certificateId = item.id)} />
    <span>
      <strong>${read ? (read.subject.commonName ?? read.serialNumber) : t.unreadable}</strong>
      ${facts(
        [
          [t.issuer, read?.issuer.commonName ?? read?.issuer.organization],
          [t.valid, read && `${t.from} ${w.dates.day(read.notBefore)} ${t.until} ${w.dates.day(read.notAfter)}`],
          [t.usage, t.signature],
          [t.serial, read && html`<span class="mono">${read.serialNumber}</span>`],
          [t.reader, item.reader],
        ],
        "slim",
      )}
      ${warning ? html`<p class="field-error">${warning}</p>` : nothing} ${locked ? html`<p class="small">${t.lockedHint}</p>` : nothing}
    </span>
  </label>`;
}

function refused(w: Wizard, { refused: items, certificates: { length: cards } }: ListResult): Part {
  const t = w.t.certificate;
  if (items.length === 0) return nothing;
  return html`<details data-testid="certificate-refused" ?open=${cards === 0}>
    <summary>${cards === 0 ? t.refusedAll(items.length) : t.refusedTitle(items.length)}</summary>
    <ul class="list small">
      ${items.map(({ reason, reader }) => html`<li data-reason=${reason}>${t.refused[reason]}, ${t.inReader(reader)}</li>`)}
    </ul>
  </details>`;
}

/** Modules that fail; one that is slow is told of once. */
function broken(w: Wizard, { modules, certificates }: ListResult): Part {
  const failing = modules.flatMap(({ code }) => (code && (code !== "module_slow" || certificates.length > 0) ? [code] : []));
  const codes = [...new Set(failing)];
  return codes.map((code) => {
    const { title, cure } = adviceFor({ source: "agent", code }, w.language);
    return html`<div class="note warn" data-code=${code}><h3>${title}</h3><p>${cure}</p></div>`;
  });
}
