/** One check: its mark, what is wrong, what to do in two sentences, the buttons that do it, and the guide. */
import type { Outcome, Row } from "../rows.ts";
import type { PreparationElement } from "../element.ts";
import type { PreparationTexts } from "../../texts/preparation.pl.ts";
import type { Visitor } from "../visitor.ts";
import { downloadAddress, installAddress, linkable } from "./address.ts";
import { h } from "./h.ts";
import type { Child } from "./h.ts";
import { actionsFor, guideFor, managePage } from "./remedies.ts";
import type { Action } from "./remedies.ts";

/** What the rows are drawn from, and what their buttons do. */
export interface Drawing {
  readonly t: PreparationTexts;
  readonly visitor: Visitor;
  readonly element: PreparationElement;
  /** The guide alone: nothing is looked for here, so that nothing goes on by itself. */
  readonly unchecked: boolean;
  installing(): void;
  pair(): void;
  /** The button says that it has copied. */
  copy(text: string, button: HTMLElement): void;
  report(): string;
}

const marks = { ok: "✓", warning: "!", failed: "!", unknown: "" };

export function drawRow(d: Drawing, row: Row, outcome: Outcome): HTMLElement {
  const { t } = d;
  const { state, code, cause, cure } = outcome;
  return h(
    "li", { part: `check ${state}`, "data-testid": `check-${row}`, "data-check": state, "data-code": code, tabindex: "-1" },
    h("span", { class: `mark ${state}`, part: `mark mark-${state}`, "aria-hidden": "true" }, marks[state]),
    h("div", {},
      h("strong", {}, t.checks[row]), h("span", { class: "unseen" }, `: ${t.states[state]}`),
      cause && h("p", { part: "cause" }, cause),
      cure && h("p", { class: "cure", part: "cure" }, cure),
      code && buttons(d, row, code),
      code && guide(d, row, code)),
  );
}

function buttons(d: Drawing, row: Row, code: string): Child {
  const useful = actionsFor(code).filter((action) => !(d.unchecked && action === "reload"));
  const drawn = useful.map((action, index) => button(d, action, row, index === 0)).filter((child) => child !== undefined);
  return drawn.length > 0 && h("div", { class: "actions" }, ...drawn);
}

function button(d: Drawing, action: Action, row: Row, first: boolean): Child {
  const { t, element } = d;
  const press = (name: string, text: string, act: (button: HTMLElement) => void): HTMLElement => {
    const look = { class: first ? "button small" : "link", part: first ? "button" : "link" };
    const made: HTMLElement = h("button", { type: "button", ...look, "data-testid": `preparation-${name}`, click: () => act(made) }, text);
    return made;
  };
  switch (action) {
    case "pair":
      return press("pair", t.pair, () => d.pair());
    case "reload":
      return press("reload", t.reload, () => location.reload());
    case "address":
      return press("address", t.address, (made) => d.copy(location.href, made));
    case "manage": {
      const page = managePage[d.visitor.browser];
      return press("manage", t.manage(page), (made) => d.copy(page, made));
    }
    case "report":
      return press("report", t.report, (made) => d.copy(d.report(), made));
    case "support":
      return link("support", t.support, linkable(element.getAttribute("support-url")), first);
    case "install":
      return link("install", row === "extension" ? t.install : t.installAgent, installLink(d, row), first, d);
  }
}

const installLink = ({ element, visitor }: Drawing, row: Row) =>
  element.installs ? downloadAddress(element, row, visitor) : installAddress(element);

/** A link where there is an address. The install page opens beside this one, so that nothing here is lost. */
function link(name: string, text: string, to: URL | undefined, first: boolean, install?: Drawing): Child {
  if (!to) return undefined;
  const beside = install && { target: "_blank", rel: "noopener", click: () => install.installing() };
  return h("a", { class: first ? "button small" : "link", part: first ? "button" : "link", href: to.href, "data-testid": `preparation-${name}`, ...beside },
    text, install && h("span", { class: "unseen" }, ` (${install.t.newTab})`));
}

function guide(d: Drawing, row: Row, code: string): Child {
  const { t, visitor } = d;
  const found = guideFor(code, visitor, t);
  if (!found) return undefined;
  // The first step of an installation is the button, where there is one; the last is to come back to what goes on.
  const without = actionsFor(code)[0] === "install" && !installLink(d, row);
  const steps = found.steps.slice(without ? 1 : 0, d.unchecked ? -1 : undefined);
  return h("details", { open: true, part: "guide", "data-testid": "preparation-guide" },
    h("summary", {}, t.guideTitle),
    h("ol", {}, ...steps.map(drawStep)),
    found.hint && h("p", { class: "small" }, found.hint));
}

/** What is typed into a terminal looks like it. */
function drawStep(step: string): HTMLElement {
  const [words, command] = step.split(/(?=sudo )/);
  return h("li", {}, words, command && h("code", {}, command));
}
