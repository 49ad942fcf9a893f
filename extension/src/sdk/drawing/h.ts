/** The few lines that draw: elements by hand, no markup in strings, so that Trusted Types have nothing to say. */

export type Child = Node | string | undefined | false;
type Properties = Record<string, string | boolean | undefined | (() => void)>;

/** An element; functions become listeners, `true` an empty attribute, `undefined` and `false` nothing. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => typeof child === "string" || child instanceof Node));
  return element;
}

/** Puts a new node in the place of an old one and keeps the focus near, where the old one had it. */
export function swap(old: HTMLElement, now: HTMLElement): HTMLElement {
  const root = old.getRootNode() as ShadowRoot;
  const focused = old.contains(root.activeElement);
  const open = old.querySelector("details")?.open;
  old.replaceWith(now);
  const details = now.querySelector("details");
  if (details && open !== undefined) details.open = open;
  if (focused) (now.querySelector<HTMLElement>("button, a[href]") ?? now).focus();
  return now;
}
