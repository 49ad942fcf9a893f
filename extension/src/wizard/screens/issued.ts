import { html, nothing } from "lit-html";
import type { TemplateResult } from "lit-html";
import { leave, toActivation } from "../actions.ts";
import { reminderDays } from "../calendar.ts";
import { documentCard, facts, linkButton, page } from "../parts.ts";
import type { Part } from "../parts.ts";
import { saveCalendar } from "../support.ts";
import type { Wizard } from "../wizard.ts";

/** Step 11: the new certificate. */
export function issued(w: Wizard): TemplateResult {
  const t = w.t.issued;
  const certificate = w.renewal?.issued;
  return page(w, {
    title: t.title,
    lead: t.lead,
    back: false,
    body: html`${facts([
        [t.serial, certificate && html`<span class="mono">${certificate.serialNumber}</span>`],
        [t.issuer, certificate?.issuer],
        [t.from, certificate && w.dates.moment(certificate.validity.notBefore)],
        [t.until, certificate && w.dates.moment(certificate.validity.notAfter)],
        [t.fingerprint, certificate && html`<span class="mono">${certificate.sha256}</span>`],
      ])}
      <h3>${t.documents}</h3>
      ${documents(w)}
      <h3>${t.currentTitle}</h3>
      <p>${current(w)}</p>
      <h3>${t.cardTitle}</h3>
      <p>${t.card}</p>
      ${next(w)}
      <p class="on-screen">${linkButton(t.print, "issued-print", () => w.host.print())}</p>`,
    primary: { label: t.activate, test: "issued-activate", act: () => toActivation(w) },
    secondary: { label: t.finish, test: "issued-finish", act: () => leave(w, true) },
    after: t.finishHint,
  });
}

/** When to think of the next renewal, and what it takes; an entry for the calendar. */
function next(w: Wizard): Part {
  const t = w.t.issued;
  const { issued: fresh, nextNeedsIdentification } = w.renewal ?? {};
  if (!fresh) return nothing;
  const reminder = new Date(new Date(fresh.validity.notAfter).getTime() - reminderDays * 86_400_000);
  return html`<h3>${t.nextTitle}</h3>
    <p>${t.next(w.dates.day(fresh.validity.notAfter))} ${nextNeedsIdentification ? t.identification : nothing}</p>
    <p class="on-screen"><button type="button" class="button second small" data-testid="issued-calendar" @click=${() => saveCalendar(w)}>${t.calendar}</button></p>
    <p class="small on-screen">${t.calendarHint(w.dates.day(reminder))}</p>`;
}

function documents(w: Wizard): TemplateResult {
  const t = w.t.issued;
  const number = w.renewal?.application?.number ?? "odnowa";
  const saved = (title: string, path: string, end: string, test: string, view?: string) =>
    documentCard(w, { title, path, saveAs: `${number}${end}`, test, save: t.save, note: `${number}${end}`, ...(view && { view }) });
  return html`${saved(t.certificate, "certificate.pem", ".pem", "certificate")}
    ${saved(t.application, "application.pdf", ".pdf", "application", w.t.signed.view)}
    ${saved(t.confirmation, "confirmation.txt", ".txt", "confirmation", w.t.signed.view)}
    ${saved(t.confirmationSignature, "confirmation.p7s", ".txt.p7s", "confirmation-signature")}`;
}

function current(w: Wizard): string {
  const t = w.t.issued;
  const { issued: fresh, certificate } = w.renewal ?? {};
  if (!fresh || !certificate) return "";
  return new Date(fresh.validity.notBefore).getTime() > Date.now()
    ? t.currentLater(w.dates.day(fresh.validity.notBefore))
    : t.currentNow(w.dates.day(certificate.validity.notAfter));
}
