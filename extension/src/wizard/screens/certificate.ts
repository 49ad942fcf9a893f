import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import type { Certificate, ListResult, Module } from "../../bridge/types.gen.ts";
import { adviceFor } from "../../texts/texts.ts";
import { chooseCertificate, loadCards } from "../actions.ts";
import { facts, fieldError, isWrong, linkButton, page, pairButton } from "../parts.ts";
import type { Part } from "../parts.ts";
import { readCertificate } from "../x509.ts";
import type { Wizard } from "../wizard.ts";

/** Step 4: the certificate that signs. The list follows the cards. */
export function certificate(w: Wizard): TemplateResult {
  const t = w.t.certificate;
  const some = (w.cards?.certificates.length ?? 0) > 0;
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: html`<div aria-live="polite">${list(w)}</div>`,
    ...(some && { primary: { label: w.t.next, test: "certificate-next", act: () => chooseCertificate(w) } }),
    ...(some && { after: t.after }),
  });
}

function list(w: Wizard): Part {
  const t = w.t.certificate;
  const refresh = linkButton(t.refresh, "certificate-refresh", () => loadCards(w));
  if (w.cardsFailure) {
    const { title, cure, code } = w.cardsFailure;
    return html`<div class="note warn" data-testid="cards-failure" data-code=${code ?? nothing}>
        <h3>${title}</h3><p>${cure}</p>
        <p class="code-small">${w.t.supportCode} <code>${code}</code></p> ${pairButton(w, code)}
      </div>${refresh}`;
  }
  const { cards } = w;
  if (!cards) return html`<p class="busy">${w.t.busy.cards}</p>`;
  return html`${cards.certificates.length > 0
      ? html`<fieldset class="choices ${isWrong(w, "certificate") ? "wrong" : ""}">
          <legend class="hidden-label">${t.title}</legend>
          ${fieldError(w, "certificate")} ${cards.certificates.map((item) => choice(w, item))}
        </fieldset>`
      : html`<div class="note" data-testid="no-certificate"><h3>${t.none}</h3><p>${t.noneHint}</p></div>`}
    ${refused(w, cards)} ${broken(w, cards.modules)} ${refresh}`;
}

function choice(w: Wizard, item: Certificate): TemplateResult {
  const t = w.t.certificate;
  const read = readCertificate(item.der);
  const locked = item.pin === "locked";
  const warning = t.pin[item.pin];
  return html`<label class="choice">
    <input type="radio" name="certificate" value=${item.id} data-field="certificate" data-testid="certificate-choice"
      data-certificate=${item.id} ?disabled=${locked} .checked=${w.form.certificateId === item.id}
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
      ${warning ? html`<p class="field-error">${warning}</p>` : nothing}
    </span>
  </label>`;
}

function refused(w: Wizard, { refused: items }: ListResult): Part {
  const t = w.t.certificate;
  if (items.length === 0) return nothing;
  return html`<details data-testid="certificate-refused">
    <summary>${t.refusedTitle(items.length)}</summary>
    <ul class="list small">
      ${items.map(({ reason, reader }) => html`<li data-reason=${reason}>${t.refused[reason]}, ${t.inReader(reader)}</li>`)}
    </ul>
  </details>`;
}

function broken(w: Wizard, modules: readonly Module[]): Part {
  const codes = [...new Set(modules.flatMap(({ code }) => (code ? [code] : [])))];
  return codes.map((code) => {
    const { title, cure } = adviceFor({ source: "agent", code }, w.language);
    return html`<div class="note warn" data-code=${code}><h3>${title}</h3><p>${cure}</p></div>`;
  });
}
