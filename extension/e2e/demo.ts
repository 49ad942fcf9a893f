// make demo: a sandbox and one renewal in it, from nothing.
// make demo INTERACTIVE=1: the sandbox left running, for trying it by hand.
import { join, resolve } from "node:path";
import { Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import { activateRSign, rsignVerdicts, signFile } from "./rsign.ts";
import { Sandbox } from "./sandbox.ts";
import { check, renew } from "./whole.ts";

const results = resolve("../build/demo");

async function demo(): Promise<number> {
  const report = new Report(join(results, "pictures"));
  const sandbox = await Sandbox.open(results);
  report.step("", "sandbox made; portal, issuer, SAM, agent service and session run");
  try {
    const computer = await sandbox.computer();
    const phone = await sandbox.phone();
    try {
      const r = new Renewal(sandbox, computer.page, report);
      await renew(sandbox, r, phone, report);
      await activateRSign(r, phone, report);
      await signFile(sandbox, r, phone, report);
      const verdicts = [...check(sandbox), ...rsignVerdicts(sandbox)];
      report.verdicts(verdicts);
      const bad = verdicts.filter((v) => !v.good).length;
      report.end(bad === 0 ? "The renewal is complete and every verdict is good." : `${bad} verdicts are bad.`);
      report.note(`Papers, pictures and logs: ${results}`);
      return bad === 0 ? 0 : 1;
    } catch (e) {
      await computer.page.screenshot({ path: join(results, "failed.png") }).catch(() => undefined);
      await phone.page.screenshot({ path: join(results, "failed-phone.png") }).catch(() => undefined);
      throw e;
    } finally {
      await phone.context.close();
      await computer.context.close();
    }
  } finally {
    await sandbox.close();
  }
}

async function interactive(): Promise<number> {
  const sandbox = await Sandbox.open(results);
  const { file } = sandbox;
  const stop = new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
  try {
    const computer = sandbox.desktop.visible ? await sandbox.computer() : undefined;
    await computer?.page.goto(file.urls.portal);
    console.log(`
The sandbox runs. Everything in it says TEST.

  Renewal page   ${file.urls.portal}
  Renewal code   ${file.renewalCode}
  Card PIN       ${file.card.pin}
  Phone app      ${file.urls.phone}
                 Open it in another window of any browser on this computer. Scan the QR code of your
                 signed application with a camera, or open the link below the code and paste it there.
  Logs           ${join(results, "logs")}

${computer ? "Chromium has opened with the extension." : "There is no display, so no browser was opened: run this from a desktop to go through the pages."}
Press Ctrl-C to stop everything.`);
    await stop;
    await computer?.context.close().catch(() => undefined);
    return 0;
  } finally {
    await sandbox.close();
  }
}

const run = process.argv.includes("--interactive") ? interactive : demo;
run().then(
  (code) => process.exit(code),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exit(1);
  },
);
