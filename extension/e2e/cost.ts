// What the extension costs: pages of the CA load at most 30 ms slower with the content script; pages of other origins run
// nothing of it (hostile.ts looks at that); how large what ships is. Both kinds of pages load in turn, and the fastest of each
// are compared: whatever else the machine does can only make a load slower.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { main, startPreview } from "./preview.ts";

const rounds = 40;
const mostMs = 30;

/** Milliseconds from the first byte to the end of DOMContentLoaded, which a script at document_start delays. */
async function load(page: Page, url: string): Promise<number> {
  await page.goto(url);
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    return navigation!.domContentLoadedEventEnd - navigation!.responseStart;
  });
}

main(async (e) => {
  const preview = await startPreview({ language: "en" });
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>page</title><p>page</p>"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  try {
    const [other, listed] = [await preview.browser.newPage(), await preview.browser.newPage()];
    const times = { other: [] as number[], listed: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.other.push(await load(other, `http://other.localhost:${port}/`));
      times.listed.push(await load(listed, `http://odnowa.localhost:${port}/`));
    }
    const [without, withScript] = [Math.min(...times.other), Math.min(...times.listed)];
    console.log(`page load, fastest of ${rounds}: ${without.toFixed(1)} ms without, ${withScript.toFixed(1)} ms with the content script`);
    for (const name of ["content.js", "worker.js", "popup.js"]) {
      console.log(`${name}: ${readFileSync(join(preview.extension, name)).length} bytes`);
    }
    e.equal(`the content script adds at most ${mostMs} ms to a page`, withScript - without <= mostMs, true);
  } finally {
    server.closeAllConnections();
    server.close();
    await preview.stop();
  }
});
