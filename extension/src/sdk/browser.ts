/** Whether the extension exists for a browser: Chromium and Firefox on a computer. */
export function isSupportedBrowser(userAgent: string): boolean {
  if (/Android|iPhone|iPad|Mobile/i.test(userAgent)) return false;
  return /(Chrome|Chromium|Firefox)\/\d+/.test(userAgent);
}
