// rSign in the browser: draws the screen that the app is at, after each change.

import { html, render } from "lit-html";
import { App, type Screen } from "./app";
import { listenForInstall } from "./install";
import { tokenOf } from "./link";
import * as desk from "./screens/desk";
import { active, stopped } from "./screens/end";
import { activate, backup, code, issuing, number, pin } from "./screens/enrol";
import type { View } from "./screens/parts";
import { restore, restoreFile } from "./screens/restore";
import { camera, link, start } from "./screens/start";
import { chooseLanguage, language, texts } from "./text/text";

const views: Record<Screen, View> = {
  start, camera, link, "restore-file": restoreFile, restore, number, backup, pin, activate, code, issuing, active, stopped,
  "computer-code": desk.computerCode, "computer-found": desk.computerFound, "computer-added": desk.computerAdded, computers: desk.computers,
  "computer-remove": desk.computerRemove, request: desk.request, approved: desk.approved, refused: desk.refused,
};

const root = document.getElementById("app");
if (!root) throw new Error("no #app");
let lang = language();
let shown: string | undefined;

const app = new App(draw);

function draw(): void {
  const t = texts[lang];
  document.documentElement.lang = lang;
  render(html`
    <header>
      <span class="brand"><img src="/icon.svg" alt="" width="28" height="28">rSign</span>
      <button class="language" type="button" data-testid="language" lang=${lang === "pl" ? "en" : "pl"} @click=${otherLanguage}>${t.otherLanguage}</button>
    </header>
    ${views[app.screen](app, t)}`, root ?? document.body);
  focusOnChange(app.screen, app.fault !== undefined);
}

/** A new screen is announced by its heading; what is wrong is announced by itself, and scrolled to. */
function focusOnChange(screen: string, fault: boolean): void {
  if (screen !== shown) {
    if (shown !== undefined) {
      scrollTo(0, 0);
      document.querySelector<HTMLElement>("[data-focus]")?.focus({ preventScroll: true });
    }
    shown = screen;
  } else if (fault) {
    document.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  }
}

function otherLanguage(): void {
  lang = lang === "pl" ? "en" : "pl";
  chooseLanguage(lang);
  draw();
}

/** The token must not stay in the address, where it could be seen, shared or kept in the history. */
function takeToken(): string | undefined {
  const token = tokenOf(location.hash);
  if (location.hash !== "") history.replaceState(null, "", "/");
  return token;
}

async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(scriptURL("/sw.js"));
}

/** The page's policy takes script addresses from here only (Trusted Types); browsers without it take any. */
function scriptURL(path: "/sw.js"): string {
  const factory = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createScriptURL: (s: string) => string } } }).trustedTypes;
  return factory ? factory.createPolicy("rsign", { createScriptURL: (s: string) => s }).createScriptURL(path) : path;
}

addEventListener("hashchange", () => {
  const token = takeToken();
  if (token !== undefined) void app.start(token);
});
listenForInstall(draw);
void app.start(takeToken());
void keepShell();
