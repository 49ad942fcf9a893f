/**
 * The style for browsers that don't know light-dark(), which are too old for the extension and are told so: always light, and
 * without the CA's colours, which may be given with light-dark().
 */
export function lightOnly(css: string): string {
  return css.replaceAll(/(?:var\(--odnowa-[a-z-]+,\s*)?light-dark\(([^,]+),[^)]+\)\)?/g, "$1");
}
