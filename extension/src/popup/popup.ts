/**
 * The popup of the toolbar's button: whether everything is ready, on which website, over which way, and what to do
 * about what is missing. It looks and changes nothing; it asks the agent in the name of the CA's page that is open.
 */
import { render } from "lit-html";
import type { Language } from "../bridge/messages.ts";
import { adoptLook } from "../look/stylesheet.ts";
import { popupEn } from "../texts/popup.en.ts";
import { popupPl } from "../texts/popup.pl.ts";
import css from "./popup.css";
import { popupReport } from "./report.ts";
import { look } from "./status.ts";
import type { Status } from "./status.ts";
import { popup } from "./view.ts";

let language: Language = chrome.i18n.getUILanguage().startsWith("pl") ? "pl" : "en";
let status: Status | undefined;
let told = "";

function draw(): void {
  const t = language === "pl" ? popupPl : popupEn;
  document.documentElement.lang = language;
  const { name } = chrome.runtime.getManifest();
  render(popup({ t, language, name, status, told, again, copy, switchLanguage }), document.body);
}

async function again(): Promise<void> {
  status = undefined;
  told = "";
  draw();
  status = await look(language);
  draw();
}

async function copy(): Promise<void> {
  if (!status) return;
  const t = language === "pl" ? popupPl : popupEn;
  told = await navigator.clipboard.writeText(popupReport(status, navigator.userAgent)).then(() => t.copied, () => t.notCopied);
  draw();
}

function switchLanguage(): void {
  language = language === "pl" ? "en" : "pl";
  told = "";
  draw();
}

adoptLook(document, css);
void again();
