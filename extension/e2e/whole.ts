// The whole renewal, steps 0 to 11 of the design's table, and what is checked of it.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Phone } from "./browsers.ts";
import { run } from "./command.ts";
import { searchLogs, type Secret } from "./privacy.ts";
import { customer, phonePIN, type Renewal } from "./renewal.ts";
import type { Report } from "./report.ts";
import { portalProgram, type Sandbox } from "./sandbox.ts";
import type { Tab } from "./tab.ts";
import { mustExist, type Verdict, verdicts } from "./verdicts.ts";

/** What a test does before the plain way through a step: everything that can go wrong there. */
export interface Detours {
  readonly preparation?: () => Promise<void>;
  readonly code?: () => Promise<void>;
  readonly certificate?: () => Promise<void>;
  readonly signApplication?: () => Promise<void>;
  readonly contact?: () => Promise<void>;
  readonly signConfirmation?: () => Promise<void>;
}

export async function renew(sandbox: Sandbox, r: Renewal<Tab>, phone: Phone, report: Report, detours: Detours = {}, code = sandbox.file.renewalCode): Promise<void> {
  const { file } = sandbox;
  await detours.preparation?.();
  await r.prepare();
  report.step("0", "preparation: extension, agent, reader, card and certificate are there");

  await detours.code?.();
  await r.enterCode(code);
  await r.screen("offer");
  report.step("1", "renewal code accepted");
  await r.acceptOffer();
  report.step("2", "offer: 24 months, in the cloud");
  await r.chooseStart("now");
  report.step("3", "validity starts at once");
  await detours.certificate?.();
  await r.chooseCertificate();
  await r.screen("application");
  report.step("4", "certificate chosen and checked by the authority");
  await r.acceptApplication();
  report.step("5", "application drawn up and sealed, viewed and saved, terms accepted");

  await detours.signApplication?.();
  await r.openWindow("sign");
  await r.answer("application", "next");
  await r.typePIN("pin", file.card.pin);
  await r.windowClosed();
  await r.screen("signed");
  report.step("6", "application signed with the card, PIN in the agent's own window");
  await r.saveSigned();
  report.step("7", "signed application saved");

  await r.showQR(phone);
  const digits = await r.enrol(phone);
  const shown = await r.phoneReady();
  if (shown !== digits) throw new Error("phone and page show different codes");
  report.step("8", "phone: QR code read, backup, PIN, activation; the same six digits on both");

  await detours.contact?.();
  await r.giveContact();
  report.step("9", "contact data");
  await detours.signConfirmation?.();
  await r.openWindow("review-sign");
  await r.answer("phone-code", "same");
  await r.answer("confirmation", "next");
  await r.typePIN("pin-confirmation", file.card.pin);
  await r.windowClosed();
  report.step("10", "confirmation signed with the card, after comparing the phone's code");
  await r.issued();
  await phone.page.getByTestId("screen-active").waitFor({ timeout: 30_000 });
  await report.page(phone.page, "rsign-active");
  report.step("11", "certificate issued; the phone says so too");
}

/** Collects what the renewal left, and asks programs that have nothing to do with the project. */
export function check(sandbox: Sandbox): Verdict[] {
  const { file, results } = sandbox;
  const at = (name: string) => join(results, name);
  const { leaf, chain } = splitChain(readFileSync(at("certificate-chain.pem"), "utf8"));
  writeFileSync(at("certificate.pem"), leaf);
  writeFileSync(at("chain.pem"), chain);
  for (const path of [file.ca.root, file.ca.issuing]) copyFileSync(path, at(`ca-${basename(path)}`));
  for (const [name, path] of Object.entries(file.audit)) copyFileSync(path, at(`logs/audit-${name}.jsonl`));
  copyFileSync(join(file.dir, "agent/state/audit.jsonl"), at("logs/audit-agent.jsonl"));
  mustExist(at("application.pdf"), at("confirmation.txt"), at("confirmation.txt.p7s"));
  return [
    ...verdicts({
      dir: file.dir,
      root: file.ca.root,
      issuing: file.ca.issuing,
      signedPDF: at("application.pdf"),
      confirmation: at("confirmation.txt"),
      confirmationCMS: at("confirmation.txt.p7s"),
      certificate: at("certificate.pem"),
      portalProgram,
      ocsp: `http://127.0.0.1:${new URL(file.urls.ca).port}/ocsp`,
    }),
    leaks(sandbox),
    ...audits(sandbox),
  ];
}

function splitChain(pem: string): { leaf: string; chain: string } {
  const [leaf, ...chain] = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [];
  if (leaf === undefined || chain.length === 0) throw new Error("the saved file has no chain");
  return { leaf, chain: chain.join("") };
}

/** What the customer's certificate says of them. */
export function attribute(sandbox: Sandbox, name: string): string {
  const subject = run("openssl", ["x509", "-in", sandbox.file.card.qualified, "-noout", "-subject", "-nameopt", "multiline,utf8,-esc_msb"]);
  const value = new RegExp(`${name}\\s*=\\s*(.+)`).exec(subject)?.[1]?.trim();
  if (!value) throw new Error(`the customer's certificate has no ${name}`);
  return value;
}

/** Searches every log for what must not stand there. */
export function leaks(sandbox: Sandbox): Verdict {
  const { card, renewalCode } = sandbox.file;
  const secrets: Secret[] = [
    { name: "card PIN", value: card.pin },
    { name: "phone PIN", value: phonePIN },
    { name: "renewal code", value: renewalCode },
    { name: "e-mail", value: customer.email },
    { name: "phone number", value: customer.phone.replaceAll(" ", "") },
    { name: "PESEL", value: attribute(sandbox, "serialNumber").replace(/^PNOPL-/, "") },
    { name: "surname", value: attribute(sandbox, "surname") },
  ];
  const found = searchLogs([join(sandbox.results, "logs"), sandbox.file.dir], secrets);
  const text = found.leaks.map((l) => `${l.name} in ${basename(l.file)}:${l.line}`).join(", ");
  return {
    tool: "search",
    question: `no PIN, code or personal data in ${found.files} logs`,
    good: found.files >= 8 && found.leaks.length === 0,
    text: text || "none",
  };
}

function audits(sandbox: Sandbox): Verdict[] {
  return Object.values(sandbox.file.audit).map((path) => {
    const text = run(portalProgram, ["audit", "verify", path]);
    return {
      tool: "odnowa-portal audit verify",
      question: `hash chain of the ${basename(join(path, ".."))}'s audit log`,
      good: true,
      text,
    };
  });
}
