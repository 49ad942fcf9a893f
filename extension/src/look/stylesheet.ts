import css from "./look.css";

/** Gives a shadow root, or a page of the extension, the look. A constructed sheet, so that a strict CSP of the page allows it. */
export function adoptLook(root: DocumentOrShadowRoot, ...more: readonly string[]): void {
  root.adoptedStyleSheets = [css, ...more].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
}
