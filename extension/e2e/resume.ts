// The end-to-end test of leaving and coming back: one renewal that stops after every step and goes on in
// the same browser, then in another one with the code alone. Everything that can be cut off is cut off on
// the way. What needs no browser is in portal/cmd/odnowa-portal.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Computer, Phone } from "./browsers.ts";
import { outcome, until } from "./command.ts";
import { Discreet } from "./discreet.ts";
import type { Secret } from "./privacy.ts";
import { customer, Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import { Sandbox } from "./sandbox.ts";
import { end, expect } from "./tally.ts";
import { attribute, leaks } from "./whole.ts";

const results = resolve("../build/test-resume");

/** Prints steps and makes no pictures: the other runs do. */
class Steps extends Report {
  override page = () => Promise.resolve();
  override window = () => undefined;
}

/** One person at one browser, who can leave it in every way there is. */
class Person {
  computer!: Computer;
  r!: Renewal;

  constructor(
    readonly sandbox: Sandbox,
    readonly report: Report,
    private readonly profile: string,
  ) {}

  async start(): Promise<Renewal> {
    this.computer = await this.sandbox.computer("en-GB", this.profile);
    this.r = new Renewal(this.sandbox, this.computer.page, this.report, "en");
    return this.r;
  }

  close(): Promise<void> {
    return this.computer.context.close();
  }

  /** Reloads, and goes back and forth; each time at this screen. */
  async comeBack(screen: string): Promise<void> {
    await this.computer.page.reload();
    await this.r.screen(screen);
    await this.computer.page.goBack();
    await this.computer.page.goForward();
    await this.r.screen(screen);
  }

  /** Closes the browser and opens it again: the wizard offers to go on at this screen. */
  async reopen(screen: string): Promise<void> {
    await this.close();
    const r = await this.start();
    await enter(r);
    await r.at("start-resume").click();
    await r.screen(screen);
  }
}

/** From the page's address to the wizard's first screen. */
async function enter(r: Renewal): Promise<void> {
  await r.open();
  await r.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: 20_000 });
  await r.at("preparation-start").click();
  await r.screen("start");
}

const servers = ["portal", "issuer", "sam"] as const;
type Server = (typeof servers)[number];

async function restart(sandbox: Sandbox, ...names: readonly (Server | "agent-service" | "agent-session")[]): Promise<void> {
  for (const name of names) {
    await sandbox.processes.stop(name);
    await sandbox.start(name);
  }
}

/** A click while a process is away: the wizard says so, and stays where it is. */
async function without(sandbox: Sandbox, r: Renewal, server: Server, button: string): Promise<void> {
  const codes = { portal: "portal_unreachable", issuer: "issuer_unavailable", sam: "sam_unavailable" };
  const screen = await r.at("wizard").getAttribute("data-screen");
  await sandbox.processes.stop(server, "SIGKILL");
  await r.at(button).click();
  await expect(`${screen} without ${server}`, r.failure(codes[server]), codes[server]);
  await expect("stays there", r.at("wizard").getAttribute("data-screen"), screen ?? "");
  await sandbox.start(server);
}

async function test(): Promise<void> {
  const report = new Steps(join(results, "pictures"));
  const sandbox = await Sandbox.open(results);
  const first = new Person(sandbox, report, "first");
  const second = new Person(sandbox, report, "second");
  const [phone] = await Promise.all([sandbox.phone(), first.start(), second.start()]);
  report.step("", "sandbox made, two browsers and the phone started");
  try {
    const number = await sameBrowser(sandbox, first, phone);
    await anotherBrowser(sandbox, first, second, phone, number);
    await expect("PINs, code and personal data in the logs", leaks(sandbox).text, "none");
    report.end("The renewal is complete.");
  } catch (e) {
    for (const [name, page] of [["first", first.computer?.page], ["second", second.computer?.page], ["phone", phone.page]] as const) {
      await page?.screenshot({ path: join(results, `failed-${name}.png`) }).catch(() => undefined);
    }
    throw e;
  } finally {
    await phone.context.close();
    for (const person of [first, second]) await person.computer?.context.close().catch(() => undefined);
    await sandbox.close();
  }
}

/** Where the browser is closed, too: starting one takes seconds. */
const reopened: ReadonlySet<string> = new Set(["review"]);

/** Steps 1 to 9, with a break after each; gives the application's number. */
async function sameBrowser(sandbox: Sandbox, person: Person, phone: Phone): Promise<string> {
  const { report } = person;
  const { pin } = sandbox.file.card;
  // The agent and one process of the authority's end while the page is open. Where the page is talking to
  // the session, its host would start another one at once.
  const pause = async (screen: string, step: number, what: string) => {
    const server = servers[step % servers.length]!;
    await restart(sandbox, "agent-service", server);
    if (screen !== "certificate") await restart(sandbox, "agent-session");
    await person.comeBack(screen);
    const browser = reopened.has(screen);
    if (browser) await person.reopen(screen);
    report.step(String(step), `${what}; went on after a reload, back and forth, ${browser ? "another start of the browser, " : ""}of agent and ${server}`);
  };
  await enter(person.r);
  await person.r.at("start-renew").click();
  await person.r.screen("code");
  await person.r.at("code-input").fill(sandbox.file.renewalCode);
  await without(sandbox, person.r, "portal", "code-next");
  await person.r.at("code-next").click(); // what was typed is still there
  await person.r.screen("offer");
  await pause("offer", 1, "code");

  await person.r.acceptOffer();
  await person.r.screen("validity");
  await pause("offer", 2, "offer");
  await person.r.acceptOffer();
  await person.r.at("start-now").check();
  await without(sandbox, person.r, "portal", "validity-next");
  await person.r.at("validity-next").click();
  await person.r.screen("certificate");
  await pause("certificate", 3, "start of validity");

  await person.r.at("certificate-refused").locator("summary").click();
  const reasons = person.r.at("certificate-refused").locator("[data-reason]").evaluateAll((all) => all.map((e) => e.getAttribute("data-reason")));
  await expect("certificates that can't sign", reasons.then((all) => all.sort().join(" ")), "expired key_usage");
  await person.r.at("certificate-choice").first().check({ timeout: 20_000 });
  for (const server of servers) await without(sandbox, person.r, server, "certificate-next");
  await person.r.at("certificate-next").click();
  await person.r.screen("application");
  await pause("application", 4, "certificate");

  await person.r.at("terms-accept").check();
  await without(sandbox, person.r, "portal", "application-next");
  await person.r.at("application-next").click();
  await person.r.screen("sign");
  await pause("sign", 5, "terms");

  await signOnce(sandbox, person, pin);
  const number = await person.r.page.evaluate(async () => {
    const answer = (await (await fetch("/api/v1/renewal")).json()) as { application: { number: string } };
    return answer.application.number;
  });
  await pause("phone", 6, "application signed");
  await person.r.at("back").click();
  await person.r.saveSigned();
  await pause("phone", 7, "application saved");

  await person.r.showQR(phone);
  const digits = await person.r.enrol(phone);
  await expect("the same digits on the page", person.r.phoneReady(), digits);
  await pause("phone", 8, "phone");
  await expect("the same digits afterwards", person.r.phoneReady(), digits);
  await person.r.screen("contact");
  await person.r.at("contact-email").fill(customer.email);
  await person.r.at("contact-phone").fill(customer.phone);
  await without(sandbox, person.r, "sam", "contact-next");
  await person.r.at("contact-next").click();
  await person.r.screen("review");
  await pause("review", 9, "contact data");
  for (const server of servers) await without(sandbox, person.r, server, "review-sign");
  return number;
}

/** Step 6 in two tabs; the window goes with its tab, and who has signed need not sign again. */
async function signOnce(sandbox: Sandbox, { computer, r, report }: Person, pin: string): Promise<void> {
  const tab = new Renewal(sandbox, await computer.context.newPage(), report, "en");
  await enter(tab);
  await tab.at("start-resume").click();
  await tab.screen("sign");
  await tab.openWindow("sign");
  await sandbox.desktop.window("Odnowa");
  await r.at("sign").click();
  await expect("a second window", r.failure("busy"), "busy");
  await tab.page.close();
  await r.windowClosed();
  await r.openWindow("sign");
  await sandbox.desktop.window("Odnowa");
  await r.at("sign-cancel").click();
  await expect("cancelled on the page", r.failure("request_cancelled"), "request_cancelled");
  await r.windowClosed();

  await r.openWindow("sign");
  await r.answer("application", "next");
  await sandbox.processes.stop("portal");
  await r.typePIN("pin", pin);
  await r.windowClosed();
  await expect("signed while the portal is away", r.failure("portal_unreachable"), "portal_unreachable");
  await sandbox.start("portal");
  await r.at("sign").click();
  await r.screen("signed"); // without another PIN
  await expect("windows for one signature", signatures(sandbox), 1);
}

/** How many signatures the agent's service has recorded. */
function signatures(sandbox: Sandbox): number {
  return records(join(sandbox.file.dir, "agent/state/audit.jsonl"), '"signed"');
}

function records(file: string, ...words: readonly string[]): number {
  return readFileSync(file, "utf8").split("\n").filter((line) => words.every((w) => line.includes(w))).length;
}

/** The code alone, in another browser: nothing of the person is told before the card is there, all that was signed is void. */
async function anotherBrowser(sandbox: Sandbox, first: Person, second: Person, phone: Phone, number: string): Promise<void> {
  const { file } = sandbox;
  const { report } = first;
  const discreet = new Discreet(personal(sandbox));
  const { r } = second;
  await discreet.listen(second.computer.context, second.computer.page);
  const look = (screen: string) => discreet.look(r.page, screen);
  await enter(r);
  await look("start");
  await r.at("start-continue").click();
  await r.screen("code");
  await r.enterCode(file.renewalCode);
  await r.screen("offer");
  await look("offer");
  await r.acceptOffer();
  await r.screen("validity");
  await look("validity");
  await r.at("start-now").check();
  await r.at("validity-next").click();
  await r.screen("certificate");
  await expect("told and shown before the card", discreet.found(), "");
  const said = phone.page.getByTestId("error");
  await said.waitFor({ timeout: 30_000 });
  await expect("the phone", said.getAttribute("data-code"), "enrolment_void");
  await until("the old application to be void", 20_000, () => records(file.audit.issuer, "application.void", number) || undefined);
  await expect("issuer's records of the void application", records(file.audit.issuer, "application.void", number), 1);
  report.step("1-3", "another browser, with the code alone");

  await r.chooseCertificate();
  await r.acceptApplication();
  await r.openWindow("sign");
  await r.answer("application", "next");
  await r.typePIN("pin", file.card.pin);
  await r.windowClosed();
  await r.saveSigned();
  report.step("4-7", "a new application signed");
  await first.r.screen("code");
  await expect("the first browser", first.r.failure("no_session"), "no_session");
  await phone.page.getByTestId("start-again").click();
  await r.showQR(phone);
  const digits = await r.enrol(phone);
  await expect("the new phone's digits", r.phoneReady(), digits);
  await r.giveContact();
  report.step("8-9", "the phone enrolled anew");

  await r.openWindow("review-sign");
  await r.answer("phone-code", "same");
  await r.answer("confirmation", "next");
  await sandbox.processes.stop("issuer");
  await r.typePIN("pin-confirmation", file.card.pin);
  await r.windowClosed();
  await r.screen("issuing");
  await expect("confirmed while the issuer is away", r.failure("issuer_unavailable"), "issuer_unavailable");
  await restart(sandbox, "portal");
  await second.comeBack("issuing");
  await sandbox.start("issuer");
  await second.r.at("issue").dblclick();
  await second.r.screen("issued");
  await second.comeBack("issued");
  await phone.page.getByTestId("screen-active").waitFor({ timeout: 30_000 });
  await expect("certificates issued", records(file.audit.issuer, "certificate.issued"), 1);
  await expect("records of the issue", records(file.audit.portal, "renewal.issued"), 1);
  await expect("credentials activated", records(file.audit.sam, "credential.active"), 1);
  await expect("applications drawn up", records(file.audit.issuer, "application.drawn_up"), 2);
  await expect("signatures by the card", signatures(sandbox), 3);
  await first.r.enterCode(file.renewalCode);
  await expect("the code in the first browser now", first.r.failure("code_used"), "code_used");
  report.step("11", "issued once; the phone says so");
}

/** What tells of the person. */
function personal(sandbox: Sandbox): Secret[] {
  const serial = attribute(sandbox, "serialNumber");
  return [
    { name: "surname", value: attribute(sandbox, "surname") },
    { name: "given name", value: attribute(sandbox, "givenName") },
    { name: "PESEL", value: serial.replace(/^PNOPL-/, "") },
    { name: "e-mail", value: customer.email },
    { name: "phone number", value: customer.phone.replaceAll(" ", "") },
    { name: "phone number as shown", value: customer.phone },
  ];
}

end(test, () => outcome("tail", ["-n", "20", join(results, "logs/portal.log")]).text);
