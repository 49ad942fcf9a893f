// What a run prints and keeps: each step with its time, and a picture.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Desktop } from "./desktop.ts";
import type { Tab } from "./tab.ts";
import type { Verdict } from "./verdicts.ts";

export class Report {
  readonly #begin = Date.now();
  #last = Date.now();
  #pictures = 0;

  constructor(private readonly pictureDir: string) {
    mkdirSync(pictureDir, { recursive: true });
  }

  /** Prints a step that is over, with the time since the one before. */
  step(number: string, what: string): void {
    const now = Date.now();
    console.log(`${seconds(now - this.#last)}  ${number.padStart(3)}  ${what}`);
    this.#last = now;
  }

  note(text: string): void {
    console.log(`             ${text}`);
  }

  async page(page: Pick<Tab, "screenshot">, name: string): Promise<void> {
    await page.screenshot({ path: this.#next(name), fullPage: true, animations: "disabled" });
  }

  window(desktop: Desktop, name: string): void {
    desktop.screenshot(this.#next(name));
  }

  verdicts(list: readonly Verdict[]): void {
    console.log("\nIndependent verdicts");
    for (const v of list) console.log(`  ${v.good ? "good" : "BAD "}  ${v.tool}: ${v.question}: ${v.text}`);
  }

  end(what: string): void {
    console.log(`\n${what} (${seconds(Date.now() - this.#begin).trim()} in all)`);
  }

  #next(name: string): string {
    this.#pictures += 1;
    return join(this.pictureDir, `${String(this.#pictures).padStart(2, "0")}-${name}.png`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(8);
}
