// The typed API in a page: what is missing, what fails and with which words, what can be given up and when it is over.
import type { Page } from "playwright-core";
import { until } from "../command.ts";
import { startPreview, type Expectations, type Preview } from "../preview.ts";
import type * as Sdk from "../../src/sdk/index.ts";
import { pretend, serve } from "./pages.ts";

/** Runs in the page with the SDK's module. */
async function ask<T>(page: Page, work: (sdk: typeof Sdk) => Promise<T>): Promise<T> {
  return page.evaluate(`import("/sdk/odnowa.js").then(${work.toString()})`) as Promise<T>;
}

/** The code that a call fails with. */
async function code(page: Page, work: (sdk: typeof Sdk) => Promise<unknown>): Promise<string> {
  return page.evaluate(`import("/sdk/odnowa.js").then(${work.toString()}).then(() => "no failure", (e) => e.name + " " + e.source + " " + e.code)`);
}

export async function api(e: Expectations): Promise<void> {
  const preview = await startPreview({ language: "en" });
  try {
    const page = await preview.browser.newPage();
    await page.goto(await serve(page, preview.portal.origin, ""));
    await tells(e, preview, page);
    await minimums(e, page);
    await givenUp(e, preview, page);
  } finally {
    await preview.stop();
  }
  await nothingThere(e);
}

async function tells(e: Expectations, preview: Preview, page: Page): Promise<void> {
  const all = await ask(page, ({ Odnowa }) => new Odnowa({ language: "en" }).availability());
  e.equal("all is there", [all.ready, all.missing, all.versions], [true, undefined, { extension: "0.1.0", agent: "0.1.0" }]);
  const list = await ask(page, ({ Odnowa }) => new Odnowa().certificates({ nonRepudiation: true }));
  e.equal("certificates", [list.certificates.length, list.refused.length], [1, 2]);
  await preview.cards(preview.none);
  const none = await ask(page, ({ Odnowa }) => new Odnowa({ language: "en" }).availability());
  e.equal("the card is missing", [none.ready, none.missing, none.checks.card], [
    false, "card", { state: "failed", source: "agent", code: "no_card", cause: "There is no card in the reader", cure: "Put the card into the reader." },
  ]);
  await preview.cards(preview.some);
  const words = await ask(page, ({ Odnowa }) =>
    new Odnowa({ language: "pl" }).certificates({}, { timeoutMs: 0 }).then(
      () => ["no failure"],
      (error: Sdk.OdnowaError) => [error.source, error.code, error.cause, error.cure],
    ),
  );
  e.equal("errors have words", words, [
    "extension", "agent_silent", "Program Odnowa nie odpowiedział na czas", "Sprawdź, czy nie ma otwartego okna programu, i spróbuj ponownie.",
  ]);
}

async function minimums(e: Expectations, page: Page): Promise<void> {
  e.equal("an agent that is new enough", await code(page, ({ Odnowa }) => new Odnowa({ minimumAgent: "0.1" }).hello()), "no failure");
  e.equal("one that is too old", await code(page, ({ Odnowa }) => new Odnowa({ minimumAgent: "0.2" }).hello()), "OdnowaError extension agent_outdated");
  e.equal("an extension that is too old", await code(page, ({ Odnowa }) => new Odnowa({ minimumExtension: "1" }).hello()), "OdnowaError extension extension_outdated");
}

async function givenUp(e: Expectations, preview: Preview, page: Page): Promise<void> {
  e.equal("given up before it began", await code(page, ({ Odnowa }) => new Odnowa().availability({ signal: AbortSignal.abort() })), "OdnowaError agent request_cancelled");
  const heard = (method: string) => preview.heard().filter((one) => one.method === method).length;
  const pending = code(page, ({ Odnowa }) => {
    const giveUp = new AbortController();
    (globalThis as unknown as { giveUp: AbortController }).giveUp = giveUp;
    const document = { name: "a.txt", mediaType: "text/plain", bytes: "YQ==" };
    return new Odnowa().sign({ certificateId: "0".repeat(64), document, format: "cades" }, { signal: giveUp.signal });
  });
  await until("the signature to begin", 30_000, () => heard("signature.create") || undefined);
  await page.evaluate(() => (globalThis as unknown as { giveUp: AbortController }).giveUp.abort());
  e.equal("a signature that is given up", await pending, "OdnowaError agent request_cancelled");
  await until("the agent to hear of it", 30_000, () => heard("request.cancel") || undefined);
  const late = code(page, ({ Odnowa }) => {
    const document = { name: "a.txt", mediaType: "text/plain", bytes: "YQ==" };
    return new Odnowa().sign({ certificateId: "0".repeat(64), document, format: "cades" }, { timeoutMs: 700 });
  });
  e.equal("a signature that takes too long", await late, "OdnowaError extension agent_silent");
  await until("the agent to hear of that too", 30_000, () => heard("request.cancel") === 2 || undefined);
  e.equal("closed while it waits", await code(page, ({ Odnowa }) => {
    const odnowa = new Odnowa();
    setTimeout(() => odnowa.close(), 0);
    return odnowa.hello();
  }), "OdnowaError agent request_cancelled");
}

async function nothingThere(e: Expectations): Promise<void> {
  const preview = await startPreview({ language: "en", extension: false });
  try {
    const page = await preview.browser.newPage();
    await page.goto(await serve(page, preview.portal.origin, ""));
    const missing = await ask(page, ({ Odnowa }) => new Odnowa({ language: "en" }).availability());
    e.equal("no extension", [missing.missing, missing.checks.extension.code, missing.visitor.browser], ["extension", "extension_missing", "chrome"]);
    e.equal("no call without it", await code(page, ({ Odnowa }) => new Odnowa().diagnose()), "OdnowaError extension extension_missing");
    const blocked = await preview.browser.newPage();
    await pretend(blocked, "agent_blocked");
    await blocked.goto(await serve(blocked, preview.portal.origin, ""));
    const policy = await ask(blocked, ({ Odnowa }) => new Odnowa({ language: "en" }).availability());
    e.equal("an agent that policy blocks", [policy.missing, policy.checks.agent.code], ["agent", "agent_blocked"]);
  } finally {
    await preview.stop();
  }
}
