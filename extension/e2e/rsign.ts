// Step 12 of the design's table, and what it is for: rSign is activated on the computer with the phone, and a
// file is signed from the command line with the certificate in the cloud.
import { spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Phone } from "./browsers.ts";
import { outcome, until } from "./command.ts";
import { phonePIN, type Renewal } from "./renewal.ts";
import type { Report } from "./report.ts";
import { agentProgram, type Sandbox } from "./sandbox.ts";
import type { Tab } from "./tab.ts";
import { cmsVerify, type Verdict, verdict } from "./verdicts.ts";

/** The file that gets signed in the terminal, among the results. */
const document = "agreement.txt";

/** What a test does on the way: everything that can go wrong there. */
export interface RSignDetours {
  /** The phone shows the field for the code. */
  readonly code?: (phone: Phone, right: string) => Promise<void>;
}

/** From the issued certificate to the activated computer, and back to the issued certificate. */
export async function activateRSign(r: Renewal<Tab>, phone: Phone, report: Report, detours: RSignDetours = {}): Promise<void> {
  await r.at("issued-activate").click();
  await r.screen("activate");
  await r.picture("activate");
  await r.at("activate").click();
  const code = await shownCode(r);
  await r.picture("activate-code");

  const on = (id: string) => phone.page.getByTestId(id);
  await on("screen-active").waitFor({ timeout: 20_000 });
  await on("computer-add").click();
  await on("screen-computer-code").waitFor();
  await detours.code?.(phone, code);
  await on("computer-code").fill(code);
  await report.page(phone.page, "rsign-computer-code");
  await on("computer-code-continue").click();
  await on("screen-computer-found").waitFor({ timeout: 20_000 });
  await r.page.locator("[data-testid=activation-state][data-activation=found_by_phone]").waitFor({ timeout: 20_000 });
  await on("computer-pin").fill(phonePIN);
  await report.page(phone.page, "rsign-computer-found");
  await on("computer-confirm").click();
  await on("screen-computer-added").waitFor({ timeout: 20_000 });
  await on("computer-done").click();

  await r.at("activated-certificate").waitFor({ timeout: 20_000 });
  await r.picture("activated");
  await r.at("activate-back").click();
  await r.screen("issued");
  report.step("12", "rSign activated on this computer: its code typed on the phone, confirmed with the PIN");
}

/** Waits for the code and gives it as the page shows it. */
export async function shownCode(r: Renewal<Tab>): Promise<string> {
  await r.at("computer-code").waitFor({ timeout: 20_000 });
  const code = await r.at("computer-code").getAttribute("data-code");
  if (code === null || !/^\d{6}$/.test(code)) throw new Error("the page shows no code of six digits");
  return code;
}

/** Signs a file in a terminal; the window asks, the phone approves. */
export async function signFile(sandbox: Sandbox, r: Renewal<Tab>, phone: Phone, report: Report): Promise<void> {
  const path = join(sandbox.results, document);
  writeFileSync(path, "Umowa TEST: zażółć gęślą jaźń.\n");
  rmSync(`${path}.p7s`, { force: true }); // of another browser's turn: the command overwrites nothing
  const command = new Signing(sandbox, path, await r.at("wizard").getAttribute("lang"));
  await r.answer("sign-file", "next");
  await showRequest(phone);
  await command.compare(phone);
  await report.page(phone.page, "rsign-request");
  await phone.page.getByTestId("request-pin").fill(phonePIN);
  await phone.page.getByTestId("request-approve").click();
  await phone.page.getByTestId("screen-approved").waitFor({ timeout: 20_000 });
  await report.page(phone.page, "rsign-approved");
  await phone.page.getByTestId("request-done").click();
  const { code, text } = await command.ended;
  if (code !== 0 || !text.includes(`${path}.p7s`)) throw new Error(`odnowa-agent sign ended with ${String(code)}: ${text}`);
  await r.windowClosed();
  report.step("", "a file signed from the command line with the certificate in the cloud, approved on the phone");
}

/** Waits until the phone shows the request: it opens by itself. */
export async function showRequest(phone: Phone): Promise<void> {
  await phone.page.getByTestId("screen-request").waitFor({ timeout: 30_000 });
}

/** One run of `odnowa-agent sign` with the certificate in the cloud. */
export class Signing {
  /** How it ended, and what it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
  readonly #path: string;
  readonly #hash: RegExp;
  #text = "";

  /** `language` is that of the person at the window and at the terminal; without one it is the sandbox's. */
  constructor(sandbox: Sandbox, path: string, language: string | null) {
    this.#path = path;
    const english = language === "en";
    this.#hash = new RegExp(`${english ? "Hash on the phone" : "Skrót na telefonie"}: ((?:[0-9a-f]{4} ?){4})`);
    const env = { ...process.env, ...sandbox.agentEnv, ...(english && { LANG: "en_GB.UTF-8" }) };
    const child = spawn(agentProgram, ["sign", "--certificate", cloudCertificate(sandbox), path], { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (this.#text += data.toString()));
    this.ended = new Promise((done, failed) => {
      child.once("error", failed);
      child.once("close", (code) => done({ code, text: this.#text }));
    });
  }

  /** The phone shows this file and the hash that the computer shows. */
  async compare(phone: Phone): Promise<void> {
    const hash = await until("the hash in the terminal", 10_000, () => this.#hash.exec(this.#text)?.[1]);
    const plain = (s: string) => s.replaceAll(/\s/g, "").toLowerCase();
    const shown = await phone.page.getByTestId("request-hash").innerText();
    if (plain(shown) !== plain(hash)) throw new Error(`the phone shows the hash ${shown}, the computer ${hash}`);
    const label = await phone.page.getByTestId("request-label").innerText();
    if (!label.includes(basename(this.#path))) throw new Error(`the phone calls the document ${label}`);
  }
}

/** The id of the certificate that was issued last, which `odnowa-agent certificates` has to list among those in the cloud. */
export function cloudCertificate(sandbox: Sandbox): string {
  const { raw } = new X509Certificate(readFileSync(join(sandbox.results, "certificate-chain.pem")));
  const id = createHash("sha256").update(raw).digest("hex").slice(0, 16);
  const listed = outcome(agentProgram, ["certificates"], sandbox.agentEnv).text;
  if (!new RegExp(`\\stelefon\\s+rSign\\s+${id}$`, "m").test(listed)) throw new Error("the certificate in the cloud is not listed");
  return id;
}

/** What others say of the signature, and the agent of the cloud. */
export function rsignVerdicts(sandbox: Sandbox): Verdict[] {
  const path = join(sandbox.results, document);
  const { root, issuing } = sandbox.file.ca;
  return [
    verdict(
      "openssl cms -verify -cades",
      "signature of the file, made in the cloud",
      cmsVerify(`${path}.p7s`, path, root, issuing),
      "CAdES Verification successful",
    ),
    verdict("odnowa-agent rsign status", "the computer may ask for signatures", outcome(agentProgram, ["rsign", "status"], sandbox.agentEnv), " ok "),
  ];
}

/** Another code than the right one. */
export const otherCode = (right: string): string => (right.startsWith("0") ? "1" : "0") + right.slice(1);

/** A code that no computer shows: the phone says so, and nothing else happens. */
export async function wrongComputerCode(phone: Phone, code: string): Promise<string | null> {
  const on = (id: string) => phone.page.getByTestId(id);
  await on("computer-code").fill(code);
  await on("computer-code-continue").click();
  await on("error").waitFor({ timeout: 20_000 });
  return on("error").getAttribute("data-code");
}

/** An activation that the person stops on the page: back at the question, nothing kept. Gives its code, which is void. */
export async function cancelledActivation(r: Renewal<Tab>): Promise<string> {
  await r.at("issued-activate").click();
  await r.screen("activate");
  await r.at("activate").click();
  const code = await shownCode(r);
  await r.at("activate-cancel").click();
  await r.screen("activate");
  await r.at("activate-later").click();
  await r.screen("issued");
  return code;
}

/** The same once the phone has found the computer; gives what the phone says then, by itself. */
export async function cancelledWhenFound(r: Renewal<Tab>, phone: Phone): Promise<string | null> {
  const on = (id: string) => phone.page.getByTestId(id);
  await r.at("issued-activate").click();
  await r.screen("activate");
  await r.at("activate").click();
  const code = await shownCode(r);
  await on("computer-add").click();
  await on("computer-code").fill(code);
  await on("computer-code-continue").click();
  await on("screen-computer-found").waitFor({ timeout: 20_000 });
  await r.at("activate-cancel").click();
  await r.screen("activate");
  await r.at("activate-later").click();
  await r.screen("issued");
  await on("screen-active").waitFor({ timeout: 20_000 });
  return on("error").getAttribute("data-code");
}

/** The phone refuses what the command asks for; gives what the command says. */
export async function refusedOnPhone(sandbox: Sandbox, r: Renewal<Tab>, phone: Phone): Promise<string> {
  const path = join(sandbox.results, "refused.txt");
  writeFileSync(path, "Umowa TEST, ktorej nikt nie podpisze.\n");
  const command = new Signing(sandbox, path, await r.at("wizard").getAttribute("lang"));
  await r.answer("sign-refused", "next");
  await showRequest(phone);
  await phone.page.getByTestId("request-refuse").click();
  await phone.page.getByTestId("screen-refused").waitFor({ timeout: 20_000 });
  await phone.page.getByTestId("request-done").click();
  const { code, text } = await command.ended;
  if (code !== 1 || existsSync(`${path}.p7s`)) throw new Error(`odnowa-agent sign ended with ${String(code)}: ${text}`);
  await r.windowClosed();
  return /\((\w+)\)/.exec(text)?.[1] ?? text;
}

/** The person removes the computer on the phone; gives what `odnowa-agent rsign status` says then. */
export async function removedOnPhone(sandbox: Sandbox, phone: Phone): Promise<string> {
  const on = (id: string) => phone.page.getByTestId(id);
  await on("computers-show").click();
  await on("computer-remove").click();
  await on("remove-confirm").click();
  // The list comes back once the removal is done.
  await on("screen-computers").waitFor({ timeout: 20_000 });
  await on("computer").waitFor({ state: "detached", timeout: 20_000 });
  const { ok, text } = outcome(agentProgram, ["rsign", "status"], sandbox.agentEnv);
  return ok ? "ok" : (/\b(rsign_\w+)/.exec(text)?.[1] ?? text);
}
