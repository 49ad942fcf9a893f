import { html, nothing } from "lit-html";
import { ref } from "lit-html/directives/ref.js";
import type { App } from "../app";
import { watch } from "../camera";
import { installable, install } from "../install";
import { fieldError, fieldValue, page, submit, summary, type View } from "./parts";

export const start: View = (app, t) => page(app, t, t.start.title, t.start.lead, html`
  ${summary(app, t, app.fault?.startsWith("link") ? "paste-link" : undefined)}
  <div class="picture"><img src="/icon.svg" alt="" width="96" height="96"></div>
  <button class="primary" type="button" data-testid="start-camera" ?disabled=${app.busy} @click=${() => { app.showCamera(true); }}>${t.start.camera}</button>
  <details ?open=${app.fault !== undefined}>
    <summary>${t.start.paste}</summary>
    <form @submit=${submit(() => app.read(fieldValue("paste-link"), false))}>
      <div class="field">
        <label for="paste-link">${t.start.pasteLabel}</label>
        ${fieldError(app, t, "paste-link", ["link_other", "link_site"])}
        <input id="paste-link" data-testid="paste-link" type="url" autocomplete="off" spellcheck="false">
      </div>
      <button class="secondary" type="submit" data-testid="paste-continue" ?disabled=${app.busy}>${t.start.pasteGo}</button>
    </form>
  </details>
  <button class="secondary" type="button" data-testid="start-restore" ?disabled=${app.busy} @click=${() => { app.showRestore(true); }}>${t.start.restore}</button>
  ${installable() ? html`<section class="install"><p>${t.start.installLead}</p>
    <button class="secondary" type="button" data-testid="install" @click=${() => { void install(); }}>${t.start.install}</button></section>` : nothing}
`);

export const camera: View = (app, t) => page(app, t, t.camera.title, t.camera.lead, html`
  ${summary(app, t)}
  <div class="viewfinder"><p>${t.camera.preparing}</p><video playsinline muted ${ref(videoOf(app))}></video></div>
  <button class="secondary" type="button" data-testid="camera-stop" @click=${() => { app.showCamera(false); }}>${t.camera.stop}</button>
`);

let attached: ((e: Element | undefined) => void) | undefined;

/** Runs the camera as long as the video element is on the screen. One callback, so that lit keeps it. */
function videoOf(app: App): (e: Element | undefined) => void {
  let stop: AbortController | undefined;
  attached ??= (e) => {
    stop?.abort();
    if (!(e instanceof HTMLVideoElement)) {
      attached = undefined;
      return;
    }
    stop = new AbortController();
    const { signal } = stop;
    void watch(e, signal, (text) => app.read(text, true)).then((fault) => {
      if (signal.aborted || fault === undefined) return;
      app.showCamera(false);
      app.fail(fault);
    });
  };
  return attached;
}

export const link: View = (app, t) => page(app, t, t.link.title, t.link.lead, html`
  <div class="actions">
    <button class="primary" type="button" data-testid="link-continue" @click=${() => { void app.agree(true); }}>${t.link.yes}</button>
    <button class="secondary" type="button" data-testid="link-refuse" @click=${() => { void app.agree(false); }}>${t.link.no}</button>
  </div>
`);
