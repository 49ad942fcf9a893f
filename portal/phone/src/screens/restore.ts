import { html } from "lit-html";
import { fieldError, fieldValue, page, pinField, primary, submit, summary, wipe, type View } from "./parts";

/** More than any backup has. */
const maxFile = 64 * 1024;

export const restoreFile: View = (app, t) => page(app, t, t.restore.fileTitle, t.restore.fileLead, html`
  ${summary(app, t, app.fault === "backup_file" ? "restore-file" : "restore-code")}
  <form autocomplete="off" @submit=${submit(async () => {
    if (await app.openBackup(await chosenFile(), fieldValue("restore-code"))) wipe("restore-code");
  })}>
    <div class="field">
      <label for="restore-file">${t.restore.file}</label>
      ${fieldError(app, t, "restore-file", ["backup_file"])}
      <input id="restore-file" data-testid="restore-file" type="file" accept=".json,application/json" ?disabled=${app.busy}
        aria-invalid=${app.fault === "backup_file" ? "true" : "false"}>
    </div>
    <div class="field">
      <label for="restore-code">${t.restore.code}</label>
      <p class="support" id="restore-code-hint">${t.restore.codeHint}</p>
      ${fieldError(app, t, "restore-code", ["recovery_form", "recovery_wrong"])}
      <textarea id="restore-code" data-testid="restore-code" class="long-code" rows="2" maxlength="60" autocomplete="off" autocapitalize="characters"
        spellcheck="false" aria-describedby="restore-code-hint" ?disabled=${app.busy}
        aria-invalid=${app.fault === "recovery_form" || app.fault === "recovery_wrong" ? "true" : "false"}></textarea>
    </div>
    ${primary(app, "restore-open", t.restore.open)}
    <button class="secondary" type="button" data-testid="restore-cancel" ?disabled=${app.busy} @click=${() => { app.showRestore(false); }}>${t.back}</button>
  </form>
`);

async function chosenFile(): Promise<string | undefined> {
  const input = document.getElementById("restore-file");
  const file = input instanceof HTMLInputElement ? input.files?.[0] : undefined;
  return file && file.size <= maxFile ? file.text().catch(() => undefined) : undefined;
}

export const restore: View = (app, t) => page(app, t, t.restore.pinTitle, t.restore.pinLead, html`
  ${summary(app, t, "restore-pin")}
  <p class="warning"><strong>${t.restore.retires}</strong></p>
  <form autocomplete="off" @submit=${submit(async () => {
    await app.restore(fieldValue("restore-pin"));
    wipe("restore-pin");
  })}>
    ${pinField(app, t, "restore-pin", t.activate.label, ["pin_form", "pin_incorrect"])}
    ${primary(app, "restore-continue", t.restore.go)}
    <button class="secondary" type="button" data-testid="restore-stop" ?disabled=${app.busy} @click=${() => { void app.leave(); }}>${t.restore.stop}</button>
  </form>
`);
