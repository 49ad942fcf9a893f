// Every word that a person reads, in both languages. TypeScript holds both to this shape.

import type { Fault } from "../app";
import { en } from "./en";
import { pl } from "./pl";

/** What happened, and what to do. */
export type Hint = readonly [what: string, todo: string];

export interface Text {
  language: string;
  otherLanguage: string;
  step: (n: number, of: number) => string;
  errorTitle: string;
  supportCode: string;
  busy: string;
  offline: string;
  back: string;
  done: string;
  start: { title: string; lead: string; camera: string; paste: string; pasteLabel: string; pasteGo: string; install: string; installLead: string; restore: string };
  camera: { title: string; lead: string; preparing: string; stop: string };
  link: { title: string; lead: string; yes: string; no: string };
  number: { title: string; lead: string; label: string; yes: string; no: string };
  backup: { title: string; lead: string; codeLabel: string; write: string; save: string; saved: string; lastLabel: string; lastHint: string; go: string };
  restore: {
    fileTitle: string; fileLead: string; file: string; code: string; codeHint: string; open: string; backupLead: string;
    pinTitle: string; pinLead: string; retires: string; go: string; stop: string;
  };
  pin: { title: string; lead: string; warning: string; first: string; second: string; go: string };
  activate: { title: string; lead: string; label: string; go: string };
  code: { title: string; lead: string; compare: string; differs: string; waiting: string; confirmed: string; confirmedLead: string };
  active: { title: string; lead: string; laterTitle: string; laterLead: string; name: string; from: string; to: string; keep: string; another: string; addComputer: string; computers: string; showRequest: string };
  computer: {
    codeTitle: string; codeLead: string; codeLabel: string; codeGo: string; foundTitle: string; foundLead: string;
    name: string; opened: string; yes: string; no: string; addedTitle: string; addedLead: string;
  };
  computers: {
    title: string; lead: string; none: string; since: (date: string) => string; used: (date: string) => string; unused: string;
    remove: string; removeTitle: string; removeLead: string; removeYes: string; removeNo: string;
  };
  request: {
    title: string; label: string; computer: string; at: string; hash: string; compare: string; warning: string; yes: string; no: string;
    approvedTitle: string; approvedLead: string; refusedTitle: string; refusedLead: string;
  };
  stopped: { title: string; go: string; here: string };
  triesLeft: (n: number) => string;
  faults: Record<Fault, Hint>;
}

export const texts = { pl, en } as const;
export type Language = keyof typeof texts;

const key = "language";

/** The language that was chosen, or else the browser's, or else Polish. */
export function language(): Language {
  try {
    const chosen = localStorage.getItem(key);
    if (chosen === "pl" || chosen === "en") return chosen;
  } catch {
    // Storage is off; the app says so in a language that it has to guess.
  }
  return navigator.languages.some((l) => l.toLowerCase().startsWith("pl")) || !navigator.language.toLowerCase().startsWith("en") ? "pl" : "en";
}

export function chooseLanguage(l: Language): void {
  localStorage.setItem(key, l);
}
