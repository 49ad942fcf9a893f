// The preview's made-up portal and agent with the real extension in a real Chromium, for tests of what people see. Its
// modules run as they are: they are not bundled, for they find their files beside themselves.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";

const load = (name: string): Promise<unknown> => import(pathToFileURL(resolve("preview", name)).href);

export type { Heard, Preview } from "../preview/browser.d.mts";
export const { startPreview } = (await load("browser.mjs")) as typeof import("../preview/browser.d.mts");
export const { walk } = (await load("walk.mjs")) as typeof import("../preview/walk.d.mts");

/** Opens the popup as a page: a browser shows the true one to nobody else. The page in front stays the website's. */
export async function openPopup(from: Page, id: string, locale?: "pl" | "en"): Promise<Page> {
  const popup = await from.context().newPage();
  await popup.setViewportSize({ width: 400, height: 600 });
  await popup.goto(`chrome-extension://${id}/popup.html`);
  const shown = popup.locator("[data-testid=popup]:not([data-state=looking])");
  await shown.waitFor();
  if (locale && (await popup.locator("html").getAttribute("lang")) !== locale) await popup.getByTestId("popup-language").click();
  return popup;
}

/** Counts what is as it should be; the first that is not ends the test. */
export class Expectations {
  passed = 0;

  equal(what: string, got: unknown, want: unknown): void {
    if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
    this.passed += 1;
  }
}

/** Runs a test and ends the process as its outcome says. */
export function main(test: (e: Expectations) => Promise<void>): void {
  const e = new Expectations();
  test(e).then(
    () => {
      console.log(`${String(e.passed)} passed, 0 failed`);
      process.exit(0);
    },
    (thrown: unknown) => {
      console.error(thrown instanceof Error ? thrown.message : thrown);
      console.log(`${String(e.passed)} passed, 1 failed`);
      process.exit(1);
    },
  );
}
