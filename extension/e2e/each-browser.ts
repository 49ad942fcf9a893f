// A plain renewal, in Polish, in every browser and over every way to the agent that test.ts does not
// take: Chromium over the WebSocket, Firefox over native messaging and over the WebSocket. In the first
// two, rSign is activated on the computer, and a file signed with it. Where the browser can't start the
// agent, it is paired first, with what can go wrong there.
import { join, resolve } from "node:path";
import { until } from "./command.ts";
import { Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import { activateRSign, rsignVerdicts, signFile } from "./rsign.ts";
import { Sandbox } from "./sandbox.ts";
import type { Customer, Tab } from "./tab.ts";
import { count, end, ok } from "./tally.ts";
import { check, renew } from "./whole.ts";

const results = resolve("../build/test-browsers");

interface Way {
  readonly name: string;
  /** Without a native messaging host: over the WebSocket. */
  readonly host: boolean;
  /** rSign is activated there, too. */
  readonly rsign?: boolean;
  open(sandbox: Sandbox, way: Way): Promise<Customer>;
}

const ways: readonly Way[] = [
  { name: "chromium-websocket", host: false, rsign: true, open: (s, way) => s.computer("pl-PL", way.name, way.host) },
  { name: "firefox-native", host: true, rsign: true, open: (s, way) => s.firefox("pl-PL", way.name, way.host) },
  { name: "firefox-websocket", host: false, open: (s, way) => s.firefox("pl-PL", way.name, way.host) },
];

async function test(): Promise<void> {
  const sandbox = await Sandbox.open(results);
  try {
    for (const way of ways) await go(sandbox, way);
  } finally {
    await sandbox.close();
  }
}

async function go(sandbox: Sandbox, way: Way): Promise<void> {
  console.log(`\n${way.name}`);
  const report = new Report(join(results, way.name));
  const customer = await way.open(sandbox, way);
  const phone = await sandbox.phone(`phone-${way.name}`);
  try {
    const r = new Renewal<Tab>(sandbox, customer.page, report);
    const preparation = way.host ? undefined : () => connect(sandbox, r);
    await renew(sandbox, r, phone, report, preparation ? { preparation } : {}, sandbox.code());
    if (way.rsign) {
      await activateRSign(r, phone, report);
      await signFile(sandbox, r, phone, report);
    }
    const verdicts = [...check(sandbox), ...(way.rsign ? rsignVerdicts(sandbox) : [])];
    const bad = verdicts.filter((v) => !v.good);
    if (bad.length > 0) {
      report.verdicts(bad);
      throw new Error(`${String(bad.length)} verdicts are bad`);
    }
    count(1 + verdicts.length);
    report.end(`The renewal is complete, ${String(verdicts.length)} verdicts are good.`);
  } catch (e) {
    await customer.page.screenshot({ path: join(results, "failed.png") }).catch(() => undefined);
    await phone.page.screenshot({ path: join(results, "failed-phone.png") }).catch(() => undefined);
    throw e;
  } finally {
    await phone.context.close();
    await customer.context.close();
  }
}

/** Waits until the preparation says this of the agent. */
async function agentSays(r: Renewal<Tab>, code: string): Promise<void> {
  await r.page.locator(`[data-testid=check-agent][data-code=${code}]`).waitFor();
  ok(code);
}

/** Pairs the browser: refused once, then agreed to on both sides; the pairing outlives the service's restart. */
async function connect(sandbox: Sandbox, r: Renewal<Tab>): Promise<void> {
  await r.open();
  await agentSays(r, "not_paired");
  await r.picture("not-paired");

  await r.at("preparation-pair").click();
  await r.at("pairing-code").waitFor();
  await r.answer("pairing-differ", "differ");
  await r.page.locator("[data-testid=pairing-failed][data-code=pairing_refused]").waitFor();
  await r.picture("pairing-refused");

  await r.at("pairing-again").click();
  await r.at("pairing-code").waitFor();
  await r.picture("pairing");
  await r.at("pairing-same").click();
  await r.answer("pairing", "same");
  await r.windowClosed();
  await ready(r);

  await sandbox.processes.stop("agent-service");
  await agentSays(r, "service_stopped");
  await sandbox.start("agent-service");
  // The session looks for the service twice a second; until it has found it, there is no session.
  await until("the service to be back", 30_000, async () => {
    await r.at("preparation-check").click().catch(() => undefined);
    return ready(r, 2_000).then(() => true, () => undefined);
  });
}

async function ready(r: Renewal<Tab>, timeout = 20_000): Promise<void> {
  await r.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout });
}

end(test);
