import { html, nothing } from "lit-html";
import type { App } from "../app";
import { groups, normalize, groupLength } from "../keys/recovery";
import { fieldError, fieldValue, page, pinField, primary, submit, summary, wipe, type View } from "./parts";

export const number: View = (app, t) => page(app, t, t.number.title, t.number.lead, html`
  ${summary(app, t)}
  <dl class="value"><dt>${t.number.label}</dt><dd data-testid="number-value">${app.phone?.number}</dd></dl>
  <div class="actions">
    <button class="primary" type="button" data-testid="number-continue" @click=${() => { void app.to("backup"); }}>${t.number.yes}</button>
    <button class="secondary" type="button" data-testid="number-other" @click=${() => { void app.leave(); }}>${t.number.no}</button>
  </div>
`);

export const backup: View = (app, t) => page(app, t, t.backup.title, app.phone?.restoring ? t.restore.backupLead : t.backup.lead, html`
  ${summary(app, t, app.fault === "backup_first" ? "backup-save" : "recovery-last")}
  <h2>1. ${t.backup.codeLabel}</h2>
  <p class="recovery" data-testid="recovery-code" aria-label="${t.backup.codeLabel}: ${spelled(app.recoveryCode)}" role="img"
    >${groups(app.recoveryCode).map((g) => html`<span>${g}</span> `)}</p>
  <p>${t.backup.write}</p>
  <form @submit=${submit(() => app.finishBackup(fieldValue("recovery-last")))}>
    <h2>2. ${t.backup.save}</h2>
    <button class="secondary" id="backup-save" type="button" data-testid="backup-save" @click=${() => { void saveBackup(app); }}>
      ${app.backupSaved ? html`<span aria-hidden="true">✓ </span>${t.backup.saved}` : t.backup.save}</button>
    ${fieldError(app, t, "backup-save", ["backup_first"])}
    <h2>3. ${t.backup.lastLabel}</h2>
    <div class="field">
      <label for="recovery-last">${t.backup.lastHint}</label>
      ${fieldError(app, t, "recovery-last", ["recovery_last"])}
      <input id="recovery-last" data-testid="recovery-last" class="group" type="text" autocomplete="off" autocapitalize="characters"
        spellcheck="false" maxlength=${groupLength} aria-invalid=${app.fault === "recovery_last" ? "true" : "false"}>
    </div>
    ${primary(app, "backup-continue", t.backup.go)}
  </form>
`);

/** Read out sign by sign, with a pause after each group. */
function spelled(code: string): string {
  return groups(code).map((g) => Array.from(normalize(g)).join(" ")).join(", ");
}

async function saveBackup(app: App): Promise<void> {
  const file = await app.backupFile();
  if (!file) return;
  const url = URL.createObjectURL(file);
  const a = document.createElement("a");
  a.href = url;
  a.download = file.name;
  a.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
  app.markBackupSaved();
}

const pinFaults = ["pin_form", "pin_trivial"] as const;

export const pin: View = (app, t) => page(app, t, t.pin.title, t.pin.lead, html`
  ${summary(app, t, app.fault === "pin_differs" ? "pin-second" : "pin-first")}
  <p class="warning"><strong>${t.pin.warning}</strong></p>
  <form autocomplete="off" @submit=${submit(async () => {
    if (await app.choosePIN(fieldValue("pin-first"), fieldValue("pin-second"))) wipe("pin-first", "pin-second");
  })}>
    ${pinField(app, t, "pin-first", t.pin.first, pinFaults)}
    ${pinField(app, t, "pin-second", t.pin.second, ["pin_differs"])}
    ${primary(app, "pin-continue", t.pin.go)}
  </form>
`);

export const activate: View = (app, t) => page(app, t, t.activate.title, t.activate.lead, html`
  ${summary(app, t, "activate-pin")}
  <form autocomplete="off" @submit=${submit(async () => {
    const typed = fieldValue("activate-pin");
    if (await app.activate(typed) || app.fault === "pin_incorrect") wipe("activate-pin");
  })}>
    ${pinField(app, t, "activate-pin", t.activate.label, ["pin_form", "pin_incorrect"])}
    ${primary(app, "activate-continue", t.activate.go)}
  </form>
`);

export const code: View = (app, t) => {
  const digits = app.phone?.code ?? "";
  return page(app, t, t.code.title, t.code.lead, html`
    ${summary(app, t)}
    <p class="code"><span data-testid="code-value" aria-hidden="true">${digits.slice(0, 3)} ${digits.slice(3)}</span>
      <span class="read-aloud">${Array.from(digits.slice(0, 3)).join(" ")}, ${Array.from(digits.slice(3)).join(" ")}</span></p>
    <p>${t.code.compare}</p>
    <p class="warning"><strong>${t.code.differs}</strong></p>
    ${waiting(app.offline ? t.offline : t.code.waiting)}
  `);
};

export const issuing: View = (app, t) => page(app, t, t.code.confirmed, t.code.confirmedLead, html`
  <div class="picture"><img src="/icon.svg" alt="" width="96" height="96"></div>
  ${waiting(app.offline ? t.offline : "")}
`);

const waiting = (what: string) => what === "" ? nothing : html`<p class="waiting" role="status" data-testid="waiting">${what}</p>`;
