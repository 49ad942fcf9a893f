import { html, nothing } from "lit-html";
import { page, summary, when, type View } from "./parts";

export const active: View = (app, t) => {
  const c = app.phone?.certificate;
  const later = c !== undefined && new Date(c.notBefore).getTime() > Date.now();
  return page(app, t, later ? t.active.laterTitle : t.active.title, later ? t.active.laterLead : t.active.lead, html`
    ${summary(app, t)}
    <div class="picture done" aria-hidden="true">✓</div>
    <dl class="value">
      <dt>${t.active.name}</dt><dd data-testid="certificate-name">${c?.commonName}</dd>
      <dt>${t.active.from}</dt><dd data-testid="certificate-from">${when(c?.notBefore, t)}</dd>
      <dt>${t.active.to}</dt><dd data-testid="certificate-to">${when(c?.notAfter, t)}</dd>
    </dl>
    <p>${t.active.keep}</p>
    ${app.offline ? html`<p class="waiting" role="status" data-testid="waiting">${t.offline}</p>` : nothing}
    <div class="actions">
      ${app.desk.waiting ? html`<button class="primary" type="button" data-testid="request-show" @click=${() => { app.desk.open(); }}>${t.active.showRequest}</button>` : nothing}
      <button class=${app.desk.waiting ? "secondary" : "primary"} type="button" data-testid="computer-add" ?disabled=${app.busy}
        @click=${() => { app.desk.show("computer-code"); }}>${t.active.addComputer}</button>
      <button class="secondary" type="button" data-testid="computers-show" ?disabled=${app.busy} @click=${() => { void app.desk.list(); }}>${t.active.computers}</button>
      <button class="secondary" type="button" data-testid="scan-another" @click=${() => { app.showCamera(true); }}>${t.active.another}</button>
    </div>
  `);
};

export const stopped: View = (app, t) => {
  const code = app.stopped ?? "internal";
  const [what, todo] = t.faults[code];
  return page(app, t, t.stopped.title, "", html`
    <div class="error" role="alert" data-testid="error" data-code=${code}>
      <p class="error-what">${what}</p>
      <p>${todo}</p>
      <p class="support">${t.supportCode}: ${code}</p>
    </div>
    <div class="actions">${(code === "signing_locked" || code === "signing_copied") && app.phone?.step === "active"
      ? html`<button class="secondary" type="button" data-testid="scan-another" @click=${() => { app.showCamera(true); }}>${t.active.another}</button>`
      : code === "other_tab" || code === "browser_unsupported"
      ? html`<button class="primary" type="button" data-testid="continue-here" @click=${() => { location.reload(); }}>${t.stopped.here}</button>`
      : html`<button class="primary" type="button" data-testid="start-again" @click=${() => { void app.leave(); }}>${t.stopped.go}</button>`}</div>
  `);
};
