import { html, render } from "lit-html";
import { screens } from "./screens/screens.ts";
import { stepOf } from "./steps.ts";
import type { Focus, View, Wizard } from "./wizard.ts";

/**
 * Draws a wizard into a shadow root with lit-html, moves the focus as it asks, names the screen in the page's
 * title, and says what is waited for in one live region that stays: screen readers miss those that come and go.
 */
export class ScreenView implements View {
  readonly #root: ShadowRoot;
  readonly #screen = document.createElement("div");
  readonly #live = document.createElement("div");
  readonly #pageTitle = document.title;
  #focus: Focus | undefined;
  #isOver = false;

  constructor(root: ShadowRoot) {
    this.#root = root;
    this.#live.className = "hidden-label";
    this.#live.setAttribute("role", "status");
    this.#live.dataset["testid"] = "live";
    root.append(this.#screen, this.#live);
  }

  draw(wizard: Wizard): void {
    if (this.#isOver) return; // the action that ended it comes to its own end
    render(html`${screens[wizard.screen](wizard)}`, this.#screen);
    const says = announcement(wizard);
    if (this.#live.textContent !== says) this.#live.textContent = says;
    this.#live.lang = wizard.language;
    this.#moveFocus(wizard);
    this.#name(wizard);
  }

  focus(target: Focus): void {
    this.#focus = target;
  }

  /** Gives the page its title back. */
  end(): void {
    this.#isOver = true;
    document.title = this.#pageTitle;
  }

  /** The screen's heading, before what the page calls itself. */
  #name({ t, failures }: Wizard): void {
    const heading = this.#root.querySelector(".title")?.textContent.trim() ?? "";
    const failed = failures.some(({ tone }) => tone === "error") ? t.errorMark : "";
    document.title = [failed + heading, this.#pageTitle].filter(Boolean).join(" – ");
  }

  #moveFocus(wizard: Wizard): void {
    if (!this.#focus || (this.#focus === "failure" && wizard.busy)) return;
    const target = this.#root.querySelector<HTMLElement>(selectorOf(this.#focus));
    const stays = this.#focus === "language" || this.#focus === "report";
    this.#focus = undefined;
    target?.focus({ preventScroll: !stays });
    if (!stays) this.#screen.firstElementChild?.scrollIntoView({ block: "start" });
  }
}

/** What is waited for, or has come by itself. */
function announcement(w: Wizard): string {
  if (w.signing) return w.t.sign.progress[w.signing.state];
  if (w.activation) return w.t.activate.progress[w.activation.state];
  if (w.busy) return w.t.busy[w.busy];
  if (w.screen === "phone") return phoneWords(w);
  if (w.screen === "certificate") return cardWords(w);
  return w.screen === "issuing" ? w.t.issuing.waiting : stepWords(w);
}

function phoneWords({ renewal, t }: Wizard): string {
  const state = renewal?.phone?.state ?? "waiting";
  return state === "active" ? t.phone.ready : t.phone[state];
}

function cardWords({ cards, cardsFailure, t }: Wizard): string {
  if (cardsFailure) return cardsFailure.title;
  return cards ? t.certificate.found(cards.certificates.length) : t.busy.cards;
}

/** After a step is done: which one it is now. */
function stepWords({ screen, t }: Wizard): string {
  const step = stepOf(screen);
  return step ? t.steps[step] : "";
}

function selectorOf(focus: Focus): string {
  if (typeof focus === "object") return `[data-field="${focus.field}"]`;
  return { heading: ".title", failure: ".summary", language: ".language", report: ".report" }[focus];
}
