import { html, nothing } from "lit-html";
import { hashPrefix } from "../approve";
import { fieldError, fieldValue, page, pinField, primary, submit, summary, wipe, when, type View } from "./parts";

const pinFaults = ["pin_form", "pin_incorrect"] as const;

export const computerCode: View = (app, t) => page(app, t, t.computer.codeTitle, t.computer.codeLead, html`
  ${summary(app, t, "computer-code")}
  <form autocomplete="off" @submit=${submit(async () => {
    if (await app.desk.find(fieldValue("computer-code"))) wipe("computer-code");
  })}>
    <div class="field">
      <label for="computer-code">${t.computer.codeLabel}</label>
      ${fieldError(app, t, "computer-code", ["code_form", "computer_unknown"])}
      <input id="computer-code" data-testid="computer-code" class="digits" type="text" inputmode="numeric" maxlength="7" autocomplete="off"
        spellcheck="false" ?disabled=${app.busy} aria-invalid=${app.fault === "code_form" || app.fault === "computer_unknown" ? "true" : "false"}>
    </div>
    ${primary(app, "computer-code-continue", t.computer.codeGo)}
    <button class="secondary" type="button" data-testid="computer-code-cancel" ?disabled=${app.busy} @click=${() => { app.desk.show("active"); }}>${t.back}</button>
  </form>
`);

export const computerFound: View = (app, t) => page(app, t, t.computer.foundTitle, t.computer.foundLead, html`
  ${summary(app, t, "computer-pin")}
  <dl class="value">
    <dt>${t.computer.name}</dt><dd data-testid="computer-name">${app.desk.found?.name}</dd>
    <dt>${t.computer.opened}</dt><dd>${when(app.desk.found?.openedAt, t)}</dd>
  </dl>
  <form autocomplete="off" @submit=${submit(async () => {
    if (await app.desk.connect(fieldValue("computer-pin")) || app.fault === "pin_incorrect") wipe("computer-pin");
  })}>
    ${pinField(app, t, "computer-pin", t.activate.label, pinFaults)}
    ${primary(app, "computer-confirm", t.computer.yes)}
    <button class="secondary" type="button" data-testid="computer-refuse" ?disabled=${app.busy} @click=${() => { void app.desk.refuseComputer(); }}>${t.computer.no}</button>
  </form>
`);

export const computerAdded: View = (app, t) => done(app, t, t.computer.addedTitle, t.computer.addedLead, "computer-done");

export const computers: View = (app, t) => page(app, t, t.computers.title, app.desk.computers.length === 0 ? t.computers.none : t.computers.lead, html`
  ${summary(app, t)}
  <ul class="list" data-testid="computers-list">${app.desk.computers.map((c) => html`
    <li data-testid="computer" data-id=${c.id}>
      <strong data-testid="computer-name">${c.name}</strong>
      <span>${t.computers.since(when(c.since, t))}</span>
      <span>${c.lastUsed === undefined ? t.computers.unused : t.computers.used(when(c.lastUsed, t))}</span>
      <button class="secondary" type="button" data-testid="computer-remove" aria-label="${t.computers.remove}: ${c.name}" @click=${() => { app.desk.ask(c); }}>${t.computers.remove}</button>
    </li>`)}</ul>
  <div class="actions">
    <button class="primary" type="button" data-testid="computer-add" @click=${() => { app.desk.show("computer-code"); }}>${t.active.addComputer}</button>
    <button class="secondary" type="button" data-testid="computers-back" @click=${() => { app.desk.show("active"); }}>${t.back}</button>
  </div>
`);

export const computerRemove: View = (app, t) => page(app, t, t.computers.removeTitle, t.computers.removeLead, html`
  ${summary(app, t)}
  <dl class="value"><dt>${t.computer.name}</dt><dd data-testid="computer-name">${app.desk.chosen?.name}</dd></dl>
  <div class="actions">
    <button class="primary" type="button" data-testid="remove-confirm" ?disabled=${app.busy} @click=${() => { void app.desk.remove(); }}>${t.computers.removeYes}</button>
    <button class="secondary" type="button" data-testid="remove-cancel" ?disabled=${app.busy} @click=${() => { app.desk.show("computers"); }}>${t.computers.removeNo}</button>
  </div>
`);

export const request: View = (app, t) => {
  const r = app.desk.request;
  return page(app, t, t.request.title, "", html`
    ${summary(app, t, "request-pin")}
    <dl class="value">
      <dt>${t.request.label}</dt><dd data-testid="request-label">${r?.label}</dd>
      <dt>${t.request.computer}</dt><dd data-testid="request-computer">${r?.computer}</dd>
      <dt>${t.request.at}</dt><dd>${when(r?.createdAt, t)}</dd>
      <dt>${t.request.hash}</dt><dd class="hash" data-testid="request-hash">${r?.hashes.map(hashPrefix).join(", ")}</dd>
    </dl>
    <p>${t.request.compare}</p>
    <p class="warning"><strong>${t.request.warning}</strong></p>
    <form autocomplete="off" @submit=${submit(async () => {
      if (await app.desk.approve(fieldValue("request-pin")) || app.fault === "pin_incorrect") wipe("request-pin");
    })}>
      ${pinField(app, t, "request-pin", t.activate.label, pinFaults)}
      ${primary(app, "request-approve", t.request.yes)}
      <button class="secondary" type="button" data-testid="request-refuse" ?disabled=${app.busy} @click=${() => { void app.desk.refuse(); }}>${t.request.no}</button>
    </form>
    ${app.offline ? html`<p class="waiting" role="status">${t.offline}</p>` : nothing}
  `);
};

export const approved: View = (app, t) => done(app, t, t.request.approvedTitle, t.request.approvedLead, "request-done");

export const refused: View = (app, t) => page(app, t, t.request.refusedTitle, t.request.refusedLead, html`
  <div class="actions">
    <button class="primary" type="button" data-testid="request-done" @click=${() => { app.desk.show("active"); }}>${t.done}</button>
    <button class="secondary" type="button" data-testid="computers-show" ?disabled=${app.busy} @click=${() => { void app.desk.list(); }}>${t.active.computers}</button>
  </div>
`);

const done = (app: Parameters<View>[0], t: Parameters<View>[1], title: string, lead: string, id: string) => page(app, t, title, lead, html`
  <div class="picture done" aria-hidden="true">✓</div>
  <div class="actions"><button class="primary" type="button" data-testid=${id} @click=${() => { app.desk.show("active"); }}>${t.done}</button></div>
`);
