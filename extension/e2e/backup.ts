// The person has a new phone: the signature is restored from the backup that was made before activation. The
// old phone is retired, the old backup used up; what was revoked comes back from no backup.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Phone } from "./browsers.ts";
import { run } from "./command.ts";
import { phonePIN, type Renewal } from "./renewal.ts";
import type { Report } from "./report.ts";
import { portalProgram, type Sandbox } from "./sandbox.ts";
import { expect } from "./tally.ts";

/** What the person keeps: a file, and a code on paper. */
export interface Backup {
  readonly file: string;
  readonly code: string;
}

/** A recovery code in the right form, and no backup's. */
const nobodysCode = "0000 0000 0000 0000 0000 0000 00VM";

/** The code of what the phone says is wrong. */
async function says(phone: Phone, code: string): Promise<string | null> {
  await phone.page.locator(`[data-testid=error][data-code=${code}]`).waitFor({ timeout: 20_000 }).catch(() => undefined);
  return phone.page.getByTestId("error").getAttribute("data-code", { timeout: 1_000 }).catch(() => "nothing");
}

async function openBackup(phone: Phone, { file, code }: Backup): Promise<void> {
  const on = (id: string) => phone.page.getByTestId(id);
  await on("restore-file").setInputFiles(file);
  await on("restore-code").fill(code);
  await on("restore-open").click();
}

/** From the first screen to the question for the PIN, with a new backup on the way. */
async function prepareRestore(sandbox: Sandbox, phone: Phone, old: Backup, name: string): Promise<Backup> {
  const on = (id: string) => phone.page.getByTestId(id);
  await openBackup(phone, old);
  await on("screen-backup").waitFor({ timeout: 20_000 });
  const code = (await on("recovery-code").innerText()).trim().split(/\s+/).join(" ");
  const file = join(sandbox.file.dir, name);
  const [saved] = await Promise.all([phone.page.waitForEvent("download"), on("backup-save").click()]);
  await saved.saveAs(file);
  await on("recovery-last").fill(code.slice(-4));
  await on("backup-continue").click();
  await on("screen-restore").waitFor();
  return { file, code };
}

async function typePIN(phone: Phone, pin: string): Promise<void> {
  await phone.page.getByTestId("restore-pin").fill(pin);
  await phone.page.getByTestId("restore-continue").click();
}

/** The new phone takes the old one's place; gives the new backup. */
export async function restoreOn(next: Phone, old: Phone, r: Renewal, report: Report): Promise<Backup> {
  const { sandbox, backup } = r;
  const on = (id: string) => next.page.getByTestId(id);
  const picture = (name: string) => report.page(next.page, `rsign-restore-${name}`);
  await next.page.goto(sandbox.file.urls.phone);
  await on("start-restore").click();
  await on("screen-restore-file").waitFor();
  await picture("file");

  const other = join(sandbox.file.dir, "no-backup.json");
  writeFileSync(other, "{}");
  await openBackup(next, { file: other, code: backup.code });
  await expect("file that is no backup", says(next, "backup_file"), "backup_file");
  await openBackup(next, { file: backup.file, code: backup.code.replace(/^./, (c) => (c === "7" ? "8" : "7")) });
  await expect("mistyped recovery code", says(next, "recovery_form"), "recovery_form");
  await openBackup(next, { file: backup.file, code: nobodysCode });
  await expect("recovery code of another file", says(next, "recovery_wrong"), "recovery_wrong");
  await picture("wrong-code");
  const changed = join(sandbox.file.dir, "changed-backup.json");
  writeFileSync(changed, readFileSync(backup.file, "utf8").replace(/"enrolment": "./, (s) => s.slice(0, -1) + (s.endsWith("A") ? "B" : "A")));
  await openBackup(next, { file: changed, code: backup.code });
  await expect("backup in another one's name", says(next, "recovery_wrong"), "recovery_wrong");

  const fresh = await prepareRestore(sandbox, next, backup, "phone-backup-2.json");
  await next.page.reload();
  await on("screen-restore").waitFor();
  await typePIN(next, "111222");
  await expect("wrong PIN on the new phone", says(next, "pin_incorrect"), "pin_incorrect");
  await picture("pin-wrong");
  await typePIN(next, phonePIN);
  await on("screen-active").waitFor({ timeout: 20_000 });
  await picture("active");
  await expect("the old phone", says(old, "phone_retired"), "phone_retired");
  await report.page(old.page, "rsign-retired");

  // Whoever has the old phone, the old file, the code and the PIN.
  await old.page.getByTestId("start-again").click();
  await old.page.getByTestId("start-restore").click();
  await prepareRestore(sandbox, old, backup, "phone-backup-3.json");
  await typePIN(old, phonePIN);
  await expect("backup used twice", says(old, "backup_used"), "backup_used");
  await old.page.getByTestId("start-again").click();
  await old.page.getByTestId("screen-start").waitFor();
  report.step("", "a new phone restored from the backup; the old one and the old backup are refused");
  return fresh;
}

/** The authority revokes the certificate in the cloud; neither the phone nor its backup has anything left. */
export async function revokedInCloud(sandbox: Sandbox, phone: Phone, old: Phone, backup: Backup, report: Report): Promise<void> {
  const { file } = sandbox;
  const serial = run("openssl", ["x509", "-in", join(sandbox.results, "certificate-chain.pem"), "-noout", "-serial"]).replace("serial=", "");
  run(portalProgram, ["revoke", "--link", join(file.dir, "operator/link"), "--issuer", file.urls.issuer, "--sam", file.urls.sam, serial]);
  await expect("phone of a revoked certificate", says(phone, "signing_revoked"), "signing_revoked");
  await report.page(phone.page, "rsign-revoked");
  await old.page.getByTestId("start-restore").click();
  await prepareRestore(sandbox, old, backup, "phone-backup-4.json");
  await typePIN(old, phonePIN);
  await expect("backup of a revoked certificate", says(old, "signing_revoked"), "signing_revoked");
  report.step("", "the certificate in the cloud revoked: its key is destroyed, no backup brings it back");
}
