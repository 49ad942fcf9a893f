/**
 * The preparation: what is needed, each with a live check mark, and what to do about what is missing. It
 * draws what `Odnowa.availability` says, and keeps nothing of it.
 */
import type { Language } from "../bridge/messages.ts";
import { returnAddress } from "./drawing/address.ts";
import { h, swap } from "./drawing/h.ts";
import { lightOnly } from "./drawing/light.ts";
import { report } from "./drawing/report.ts";
import { drawRow } from "./drawing/row.ts";
import type { Drawing } from "./drawing/row.ts";
import type { PreparationElement } from "./element.ts";
import { installing, watch } from "./live.ts";
import type { Odnowa } from "./odnowa.ts";
import css from "./preparation.css";
import { all, passes, rows } from "./rows.ts";
import type { Availability, Outcome, Row } from "./rows.ts";
import { browserCode, visitorOf } from "./visitor.ts";
import type { Visitor } from "./visitor.ts";
import type { Words } from "./words.ts";

/** What is drawn, where and of whom. */
export interface Page {
  readonly element: PreparationElement;
  readonly root: ShadowRoot;
  readonly odnowa: Odnowa;
  readonly language: Language;
  readonly words: Words;
  /** What the button of a finished preparation does. */
  start(): void;
}

/** How long a button says that it has copied. */
const copiedMs = 3_000;

export class Preparation {
  readonly #page: Page;
  readonly #drawing: Drawing;
  readonly #rows: readonly Row[];
  readonly #panel: HTMLElement;
  readonly #shown = new Map<string, { key: string; node: HTMLElement }>();
  readonly #status: HTMLElement;
  readonly #report: HTMLElement;
  readonly #ends = new AbortController();
  #checking: Promise<void> | undefined;
  #again = false;
  #waited = false;
  readonly #cameBack: () => boolean;
  #state: Availability = { ready: false, checks: all("unknown"), versions: {}, visitor: visitorOf(navigator) };
  #step = "";

  constructor(page: Page) {
    const { element, root, language, words } = page;
    this.#page = page;
    this.#rows = element.installs ? ["browser", "extension", "agent"] : rows;
    this.#drawing = {
      t: words.preparation,
      visitor: this.#state.visitor,
      element,
      unchecked: element.installs && element.hasAttribute("without-checks"),
      installing: () => installing.set(true),
      pair: () => void this.#pair(),
      copy: (text, button) => void this.#copy(text, button),
      report: () => this.#reportText(),
    };
    this.#status = h("p", { role: "status", part: "status" });
    this.#report = h("pre", { part: "report", tabindex: "0", "aria-label": words.preparation.reportTitle });
    this.#panel = this.#draw(language);
    const sheet = new CSSStyleSheet(); // constructed, so that a strict CSP of the page allows it
    sheet.replaceSync(CSS.supports("color", "light-dark(red, red)") ? css : lightOnly(css));
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(this.#panel);
    this.#update();
    this.#cameBack = watch({ look: () => void this.check(true), waits: () => !this.#complete && !this.#drawing.unchecked }, this.#ends.signal);
    page.odnowa.on("lost", () => this.#state.checks.agent.state === "ok" && void this.check(true));
    this.#told("preparation");
  }

  /** Runs all checks. One at a time: what comes meanwhile is looked at after. */
  async check(quiet = false): Promise<void> {
    if (this.#panel.hidden) return;
    if (this.#checking) {
      this.#again = true;
      return this.#checking;
    }
    this.#checking = this.#look(quiet);
    await this.#checking;
  }

  /** Makes room for the wizard. */
  hide(): void {
    this.#panel.hidden = true;
  }

  stop(): void {
    this.#ends.abort();
    this.#panel.remove();
  }

  async #look(quiet: boolean): Promise<void> {
    const { signal } = this.#ends;
    if (!quiet) this.#busy(true);
    try {
      do {
        this.#again = false;
        this.#state = await this.#page.odnowa.availability({ signal });
      } while (this.#wanted());
    } catch {
      return; // given up
    } finally {
      this.#checking = undefined;
    }
    this.#busy(false);
    this.#update();
    this.#goOn();
  }

  #wanted(): boolean {
    return this.#again;
  }

  get #complete(): boolean {
    return this.#rows.every((row) => passes(this.#state.checks[row]));
  }

  /** What follows by itself: the page anew for an extension that was installed meanwhile, or back to the renewal. */
  #goOn(): void {
    const { element } = this.#page;
    const { state } = this.#state.checks.extension;
    if (state === "ok") installing.set(false);
    // Chromium puts content scripts into pages that are loaded after the installation only.
    const reload = this.#cameBack() && state === "failed" && installing.get();
    if (reload && element.tell("odnowa-reload")) location.reload();
    if (element.installs && this.#complete) this.#leadBack();
    this.#waited ||= !this.#complete;
  }

  /** Not who comes to read the install page with all in place; but who was sent here, or has installed something here. */
  #leadBack(): void {
    const back = this.#back();
    const sent = new URLSearchParams(location.search).has("return-url");
    if (back && (sent || this.#waited) && this.#page.element.tell("odnowa-return")) location.assign(back);
  }

  #back(): URL | undefined {
    return returnAddress(this.#page.element);
  }

  #draw(language: Language): HTMLElement {
    const { t, unchecked } = this.#drawing;
    const { installs } = this.#page.element;
    return h(
      "section", { class: "panel", part: "panel", lang: language, "data-testid": "preparation" },
      h("h2", { part: "title", tabindex: "-1" }, installs ? t.installTitle : t.title),
      h("p", { class: "lead", part: "lead" }, installs ? (unchecked ? t.guideLead : t.installLead) : t.lead),
      !installs && h("h3", {}, t.checksTitle),
      h("ul", { class: "checks", part: "checks" }, ...this.#rows.map((row) => this.#place(row, h("li", {})))),
      !installs && h("h3", {}, t.needsTitle),
      !installs && h("ul", { class: "needs", part: "needs" },
        ...t.needs.map(([what = "", why = ""]) => h("li", {}, h("strong", {}, what), h("span", {}, why)))),
      h("div", { class: "actions" }, this.#place("button", h("span", {})), this.#status),
      !installs && h("p", { class: "after", part: "after" }, t.after),
      !unchecked && h("details", { class: "report" },
        h("summary", {}, t.reportTitle), h("p", { class: "small" }, t.reportLead), this.#report,
        this.#button(t.report, "second", "report", (made) => void this.#copy(this.#reportText(), made))),
    );
  }

  #place(name: string, node: HTMLElement): HTMLElement {
    this.#shown.set(name, { key: "", node });
    return node;
  }

  /** Draws again what has changed, and nothing else: focus, selection and open details stay. */
  #redraw(name: string, key: string, draw: () => HTMLElement): void {
    const before = this.#shown.get(name);
    if (before && before.key !== key) this.#shown.set(name, { key, node: swap(before.node, draw()) });
  }

  #update(): void {
    const { t } = this.#drawing;
    const { checks } = this.#state;
    const complete = this.#complete;
    for (const row of this.#rows) {
      const outcome = this.#drawing.unchecked ? guided(row, this.#drawing.visitor) : checks[row];
      this.#redraw(row, JSON.stringify(outcome), () => drawRow(this.#drawing, row, outcome));
    }
    this.#redraw("button", String(complete), () => this.#main(complete));
    this.#panel.dataset["ready"] = complete ? "yes" : "no";
    this.#report.textContent = this.#reportText();
    this.#say(this.#page.element.installs ? (complete ? t.installed : t.notInstalled) : complete ? t.ready : t.notReady);
    const first = this.#rows.find((row) => !passes(checks[row]));
    if (this.#drawing.unchecked || (first && checks[first].state === "unknown")) return; // nothing was looked at
    this.#told(first ? `missing-${first}` : "ready");
  }

  #main(complete: boolean): HTMLElement {
    const { t } = this.#drawing;
    const back = this.#back();
    if (this.#page.element.installs && back && (complete || this.#drawing.unchecked))
      return h("a", { class: "button", part: "button start", href: back.href, "data-testid": "preparation-back" }, t.back);
    if (this.#drawing.unchecked || (this.#page.element.installs && complete)) return h("span", {});
    if (complete) return this.#button(t.start, "start", "start", () => this.#page.start());
    return this.#button(t.again, "second", "check", () => void this.check());
  }

  #button(text: string, kind: "start" | "second", name: string, press: (made: HTMLElement) => void): HTMLElement {
    const look = { class: kind === "second" ? "button second" : "button", part: `button ${kind}` };
    const made: HTMLElement = h("button", { type: "button", ...look, "data-testid": `preparation-${name}`, click: () => press(made) }, text);
    return made;
  }

  #busy(busy: boolean): void {
    this.#status.classList.toggle("busy", busy);
    this.#panel.setAttribute("aria-busy", String(busy));
    if (busy) this.#say(this.#drawing.t.checking);
  }

  /** A live region: told only when it is something else. */
  #say(text: string): void {
    if (this.#drawing.unchecked) return;
    const first = this.#complete ? undefined : this.#rows.find((row) => this.#state.checks[row].state === "failed");
    const { t } = this.#drawing;
    const said = first && text !== t.checking ? `${t.checks[first]}: ${t.states.failed}. ${text}` : text;
    if (this.#status.textContent !== said) this.#status.textContent = said;
  }

  #told(step: string): void {
    if (step === this.#step) return;
    this.#step = step;
    this.#page.element.tell("odnowa-step", { step });
  }

  async #pair(): Promise<void> {
    await this.#page.odnowa.pair({ signal: this.#ends.signal }).catch(() => false); // the checks say what is wrong
    await this.check();
  }

  #reportText(): string {
    return report(this.#state, new Date());
  }

  async #copy(text: string, button: HTMLElement): Promise<void> {
    const { t } = this.#drawing;
    try {
      await navigator.clipboard.writeText(text);
      this.#status.textContent = t.copied;
      const label = button.textContent;
      if (label === t.copied) return;
      button.textContent = t.copied;
      setTimeout(() => (button.textContent = label), copiedMs);
    } catch {
      this.#report.textContent = text;
      const details = this.#page.root.querySelector<HTMLDetailsElement>(".report");
      if (details) details.open = true;
      getSelection()?.selectAllChildren(this.#report);
      this.#status.textContent = t.notCopied;
    }
  }
}

/** What the install page says of a row where nothing can be looked for: the guide. */
function guided(row: Row, visitor: Visitor): Outcome {
  const browser = browserCode(visitor);
  if (row === "browser") return browser ? { state: "failed", code: browser } : { state: "ok" };
  return { state: "unknown", code: row === "extension" ? "extension_missing" : "agent_missing" };
}
