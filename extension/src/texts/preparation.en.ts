import type { PreparationTexts } from "./preparation.pl.ts";

export const preparationEn: PreparationTexts = {
  title: "Get ready for the renewal",
  lead: "We check that everything on this computer is ready. The list changes by itself when you connect something.",
  needsTitle: "Have these at hand",
  needs: [
    ["The card's PIN", "the one you sign documents with"],
    ["The renewal code", "from the message sent after the purchase"],
    ["Your phone", "it will approve signatures"],
  ],
  checksTitle: "This computer",
  checks: {
    browser: "Browser",
    extension: "Odnowa extension",
    agent: "Odnowa program",
    reader: "Card reader",
    card: "Card in the reader",
    certificate: "Certificate on the card",
  },
  states: { ok: "ready", failed: "missing", warning: "attention", unknown: "not checked yet", checking: "checking" },
  browserFailed: "This browser is not supported",
  browserCure: "Open this page on a computer in Chrome, Edge, Chromium or Firefox.",
  install: "Install the extension",
  installAgent: "Install the Odnowa program",
  reload: "Reload the page",
  again: "Check again",
  start: "Start",
  ready: "Everything is ready. You can start.",
  notReady: "When everything is ready, the “Start” button appears.",
  checking: "Checking…",
  after: "You enter the PIN only in the Odnowa window, never on the page.",
  version: (version) => `version ${version}`,
};
