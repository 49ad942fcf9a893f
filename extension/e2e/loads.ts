// How long pages take to load, for the test of what the extension may add (cost.ts) and the table of what it does (bench.ts).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";

/** Loads before those that count. */
const warmUp = 6;

/**
 * Milliseconds from each page's first byte to its load event, which a content script at document_start delays. The pages
 * take turns, and each is first as often as the other, so that what else the machine does is the same for both.
 */
export async function loadTimes(visits: readonly { readonly page: Page; readonly url: string }[], loads: number): Promise<number[][]> {
  const taken = visits.map((): number[] => []);
  for (let load = 0; load < loads + warmUp; load++) {
    const turn = [...visits.entries()];
    if (load % 2 === 1) turn.reverse();
    for (const [index, { page, url }] of turn) {
      await page.goto(url, { waitUntil: "load" });
      const time = await page.evaluate(() => {
        const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
        return navigation ? navigation.loadEventStart - navigation.responseStart : NaN;
      });
      if (load >= warmUp) taken[index]?.push(time);
    }
  }
  return taken;
}

/** A small page; below any name of localhost on its port. */
export async function smallPage(): Promise<{ port: number; stop(): void }> {
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>page</title><p>page</p>"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
