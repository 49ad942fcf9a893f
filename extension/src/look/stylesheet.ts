import css from "./look.css";

/** Gives a shadow root the look. A constructed sheet, so that a strict CSP of the page allows it. */
export function adoptLook(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}
