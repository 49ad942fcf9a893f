// make demo: a sandbox and one renewal in it, from nothing.
// make demo INTERACTIVE=1: the sandbox left running, for trying it by hand.
import { join, relative, resolve } from "node:path";
import { Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import { activateRSign, rsignVerdicts, signFile } from "./rsign.ts";
import { Sandbox } from "./sandbox.ts";
import { check, renew } from "./whole.ts";

const results = resolve("../build/demo");

async function demo(): Promise<number> {
  console.log(`
A whole renewal, in a sandbox with a test authority, a customer's computer with a card, and a phone. Two browsers that
nobody sees are clicked through the authority's page and the phone's app; each line below is a step that is over.
Everything in it says TEST.
`);
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
      console.log(left());
      return bad === 0 ? 0 : 1;
    } catch (e) {
      await computer.page.screenshot({ path: join(results, "failed.png") }).catch(() => undefined);
      await phone.page.screenshot({ path: join(results, "failed-phone.png") }).catch(() => undefined);
      console.error(`\nThis step failed. What page and phone showed: ${place("failed.png")}, ${place("failed-phone.png")}; what each process said: ${place("logs")}`);
      throw e;
    } finally {
      await phone.context.close();
      await computer.context.close();
    }
  } finally {
    await sandbox.close();
  }
}

/** Where a result is, from the repository, where make is called. */
const place = (name: string) => relative(resolve(".."), join(results, name));

/** What there is to look at, and what to try next. */
const left = () => `
What is left to look at:
  ${place("pictures")}/            every screen and window, in order
  ${place("application.pdf")}      the application that the old card signed (PAdES)
  ${place("confirmation.txt")}     what it confirmed of the new key; the signature is in confirmation.txt.p7s
  ${place("certificate.pem")}      the new certificate, whose key is in the authority's cloud
  ${place("agreement.txt")}        a file signed with it; the signature is in agreement.txt.p7s
  ${place("logs")}/                what each process said, and the audit logs

Next: "make demo INTERACTIVE=1" on a desktop opens a browser for trying it by hand; README.md says what is where.`;

async function interactive(): Promise<void> {
  const sandbox = await Sandbox.open(results, undefined, true);
  const { file } = sandbox;
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
  Logs           ${place("logs")}

${computer ? "Chromium has opened with the extension." : "There is no display, so no browser was opened: run this from a desktop to go through the pages."}
Press Ctrl-C to stop everything.`);
    await new Promise<never>(() => {}); // whatever stops this process stops the sandbox
  } finally {
    await sandbox.close();
  }
}

const run = process.argv.includes("--interactive") ? interactive().then(() => 0) : demo();
run.then(
  (code) => process.exit(code),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exit(1);
  },
);
