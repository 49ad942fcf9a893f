import { render } from "lit-html";
import { screens } from "./screens/screens.ts";
import type { Focus, View, Wizard } from "./wizard.ts";

/** Draws a wizard into a shadow root with lit-html and moves the focus as it asks. */
export class ScreenView implements View {
  readonly #root: ShadowRoot;
  #focus: Focus | undefined;

  constructor(root: ShadowRoot) {
    this.#root = root;
  }

  draw(wizard: Wizard): void {
    render(screens[wizard.screen](wizard), this.#root);
    this.#moveFocus(wizard);
  }

  focus(target: Focus): void {
    this.#focus = target;
  }

  #moveFocus(wizard: Wizard): void {
    if (!this.#focus || (this.#focus === "failure" && wizard.busy)) return;
    const selector = selectorOf(this.#focus);
    this.#focus = undefined;
    const target = this.#root.querySelector<HTMLElement>(selector);
    target?.focus({ preventScroll: true });
    this.#root.firstElementChild?.scrollIntoView({ block: "start" });
  }
}

function selectorOf(focus: Focus): string {
  if (focus === "heading") return ".title";
  return focus === "failure" ? ".summary" : `[data-field="${focus.field}"]`;
}
