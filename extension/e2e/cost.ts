// What the extension costs: pages of the CA load at most 30 ms slower with the content script, pages of other origins run
// nothing of it (hostile.ts looks at that); how large what ships is. One browser, pages in turn, so that a busy machine
// disturbs both alike.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { main, startPreview } from "./preview.ts";

const rounds = 40;
const mostMs = 30;

/** Milliseconds from the first byte to the end of DOMContentLoaded, where a script at document_start delays a page. */
async function load(page: Page, url: string): Promise<number> {
  await page.goto(url);
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    return navigation!.domContentLoadedEventEnd - navigation!.responseStart;
  });
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

main(async (e) => {
  const preview = await startPreview({ language: "en" });
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>page</title><p>page</p>"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  try {
    const page = await preview.browser.newPage();
    const times: Record<"listed" | "other", number[]> = { listed: [], other: [] };
    for (let round = 0; round < rounds; round++) {
      times.other.push(await load(page, `http://other.localhost:${port}/`));
      times.listed.push(await load(page, `http://odnowa.localhost:${port}/`));
    }
    const [listed, other] = [median(times.listed), median(times.other)];
    console.log(`page load, median of ${rounds}: ${other.toFixed(1)} ms without, ${listed.toFixed(1)} ms with the content script`);
    for (const name of ["content.js", "worker.js", "popup.js"]) {
      console.log(`${name}: ${readFileSync(join(preview.extension, name)).length} bytes`);
    }
    e.equal(`the content script adds at most ${mostMs} ms to a page`, listed - other <= mostMs, true);
  } finally {
    server.closeAllConnections();
    server.close();
    await preview.stop();
  }
});
