// The end-to-end test of what a card can do to a person: no reader, no card, the wrong card, and wrong
// PINs down to the last one. The card is agent/card/pivtest's, behind the real pcscd and OpenSC; what
// the agent's window says is read off the screen. Twice, in two browsers: in English and in Polish.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Computer } from "./browsers.ts";
import { outcome, until } from "./command.ts";
import { opensc, PIVCard, pivPIN } from "./pivcard.ts";
import { searchLogs } from "./privacy.ts";
import { type Language, Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import { type Policy, Sandbox } from "./sandbox.ts";
import { end, expect, ok } from "./tally.ts";

const results = resolve("../build/test-card");
const wrongPIN = "314159";

/** The shortest time that a policy may give to the window. */
const shortestMs = 10_000;

/** What the window and the page say; that the window's button is the right one, its key shows. */
const words = {
  en: {
    incorrect: "The PIN is wrong.",
    low: "Careful: the last PIN was wrong. More wrong ones will lock the card.",
    lastTry: ["There is one try left for the PIN.", "A wrong PIN locks the card; only the PUK unlocks it.", "Do you really want to type the PIN?"],
    left: "The PIN is wrong. Tries left: 1.",
    final: "Careful: this is the last try. A wrong PIN locks the card.",
    locked: ["The card's PIN is locked", "Unlock the PIN with the PUK in the card's software."],
  },
  pl: {
    incorrect: "PIN jest nieprawidłowy.",
    low: "Uwaga: ostatnio podano zły PIN. Kolejne błędy zablokują kartę.",
    lastTry: ["Została ostatnia próba podania PIN-u.", "Zły PIN zablokuje kartę, a odblokować ją można tylko kodem PUK.", "Czy na pewno chcesz podać PIN?"],
    left: "PIN jest nieprawidłowy. Pozostało prób: 1.",
    final: "Uwaga: to ostatnia próba. Zły PIN zablokuje kartę.",
    locked: ["PIN karty jest zablokowany", "Odblokuj PIN kodem PUK w oprogramowaniu karty."],
  },
} as const;

/** What lasts through a test. */
interface Desk {
  readonly sandbox: Sandbox;
  readonly socket: string;
  readonly report: Report;
  card: PIVCard;
}

async function test(): Promise<void> {
  let socket = "";
  const sandbox = await Sandbox.open(results, (policy, file) => {
    socket = join(file.dir, "pcscd.comm");
    Object.assign(policy, { modules: [{ name: "OpenSC", path: opensc(), env: [`PCSCLITE_CSOCK_NAME=${socket}`] }], windowTimeoutMs: shortestMs } satisfies Policy);
  });
  const report = new Report(join(results, "pictures"));
  const computers: Computer[] = [];
  let desk: Desk | undefined;
  try {
    const [card, english, polish] = await Promise.all([PIVCard.start(socket, "no-reader"), sandbox.computer("en-GB", "english"), sandbox.computer("pl-PL", "polish")]);
    computers.push(english, polish);
    desk = { sandbox, socket, report, card };
    const en = new Renewal(sandbox, english.page, report, "en");
    const pl = new Renewal(sandbox, polish.page, report, "pl");
    await readerAndCards(desk, en);
    report.step("0", "no reader, no card, a card that cannot sign, the right card");
    await toSignature(en, sandbox.file.renewalCode);
    report.step("1-5", "in English");
    // Nobody answers here while the other person comes as far.
    await Promise.all([unanswered(en), toSignature(pl, sandbox.code())]);
    report.step("1-5", "in Polish; meanwhile nobody answered in English");
    await patientAgain(sandbox);
    await lockedInEnglish(desk, en);
    await lastTryThatIsRight(desk, en);
    report.step("6", "in English: wrong PINs, last try, locked, unlocked, right at the last try");
    await lockedInPolish(desk, pl);
    await signs(pl, pivPIN);
    report.step("6", "in Polish: wrong PINs, last try, locked, unlocked, right");
    const pins = [pivPIN, wrongPIN].map((value) => ({ name: "a PIN", value }));
    await expect("PINs in the logs", String(searchLogs([join(results, "logs"), sandbox.file.dir], pins).leaks.length), "0");
    report.end("The card has said all that it can.");
  } catch (e) {
    for (const [i, c] of computers.entries()) await c.page.screenshot({ path: join(results, `failed-${String(i)}.png`) }).catch(() => undefined);
    throw e;
  } finally {
    for (const c of computers) await c.context.close();
    await desk?.card.stop();
    await sandbox.close();
  }
}

/** Step 0: what is missing is said, and goes by itself once it is mended. */
async function readerAndCards(desk: Desk, r: Renewal): Promise<void> {
  const { piv } = desk.sandbox.file;
  await r.open();
  await missing(r, "reader", "no_reader");
  await desk.card.stop();
  await missing(r, "reader", "pcsc_stopped");
  desk.card = await PIVCard.start(desk.socket);
  await missing(r, "card", "no_card");
  await desk.card.put(piv.expired, piv.expiredKey);
  await missing(r, "certificate", "certificate_expired");
  await desk.card.order("remove");
  await missing(r, "card", "no_card");
  await desk.card.put(piv.qualified, piv.qualifiedKey);
  await r.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: 20_000 });
}

async function missing(r: Renewal, check: string, code: string): Promise<void> {
  // What was missing before may still stand there.
  await r.page.locator(`[data-testid=check-${check}][data-check=failed][data-code=${code}]`).waitFor({ timeout: 20_000 }).catch(() => undefined);
  await r.picture(code);
  await expect(`preparation, ${check}`, r.at(`check-${check}`).getAttribute("data-code"), code);
}

/** Steps 0 to 5. */
async function toSignature(r: Renewal, code: string): Promise<void> {
  await r.prepare();
  await r.enterCode(code);
  await r.acceptOffer();
  await r.chooseStart("now");
  await r.chooseCertificate();
  await r.acceptApplication();
}

/** The window closes by itself, and the page says why. */
async function unanswered(r: Renewal): Promise<void> {
  const begin = Date.now();
  await r.openWindow("sign");
  await expect("window that nobody answers", r.failure("timeout"), "timeout");
  if (Date.now() - begin < shortestMs) throw new Error("the window closed before its time");
  await r.windowClosed();
  await r.picture("timeout");
}

/** The policy gives people their usual time again. */
async function patientAgain(sandbox: Sandbox): Promise<void> {
  sandbox.changePolicy((policy) => delete policy.windowTimeoutMs);
  await sandbox.processes.stop("agent-session");
  await sandbox.start("agent-session");
}

/** The window opens and is read, up to the question for the PIN. */
async function toPIN(r: Renewal): Promise<void> {
  await r.openWindow("sign");
  await r.answer("application", "next");
}

async function signs(r: Renewal, pin: string): Promise<void> {
  await toPIN(r);
  await r.typePIN("pin", pin);
  await r.windowClosed();
  await r.screen("signed");
}

/** Wrong once and twice; the next question is that for the last try. */
async function wrongTwice(r: Renewal, language: Language): Promise<void> {
  const t = words[language];
  await toPIN(r);
  await r.typePIN("pin", wrongPIN);
  await r.typePIN("pin-wrong-once", wrongPIN, t.incorrect, t.low);
  ok(`wrong PIN once, in the window: ${t.low}`, 2);
}

/** The page says that the PIN is locked, in these words, and opens no window again. */
async function locked(desk: Desk, r: Renewal, language: Language): Promise<void> {
  await r.windowClosed();
  await expect("locked", r.failure("pin_locked"), "pin_locked");
  const said = await r.at("error-summary").innerText();
  for (const sentence of words[language].locked) await expect("the page says", said.includes(sentence) ? sentence : said, sentence);
  const before = refusals(desk.sandbox);
  await r.at("sign").click();
  await until("the agent to refuse at once", 20_000, () => refusals(desk.sandbox) > before || undefined);
  await expect("locked, again", r.failure("pin_locked"), "pin_locked");
  await r.picture("pin-locked");
  await expect("the card", desk.card.order("tries"), "tries 0");
}

/** How often the agent's service has recorded that the PIN was locked. */
function refusals(sandbox: Sandbox): number {
  return readFileSync(join(sandbox.file.dir, "agent/state/audit.jsonl"), "utf8").split('"pin_locked"').length - 1;
}

/** The card's owner finds the PUK. */
async function unlock(desk: Desk): Promise<void> {
  await desk.card.order("pin", pivPIN);
}

/** Who does not dare the last try keeps it; who dares and errs has a locked card. */
async function lockedInEnglish(desk: Desk, r: Renewal): Promise<void> {
  const t = words.en;
  await wrongTwice(r, "en");
  await r.answer("last-try-kept", "cancel", ...t.lastTry);
  await expect("last try not used", r.failure("user_cancelled"), "user_cancelled");
  await expect("the card", desk.card.order("tries"), "tries 1");
  await toPIN(r);
  await r.answer("last-try", "last-try", ...t.lastTry);
  await r.typePIN("pin-last", wrongPIN, t.final);
  await locked(desk, r, "en");
  await unlock(desk);
}

async function lastTryThatIsRight(desk: Desk, r: Renewal): Promise<void> {
  const t = words.en;
  await wrongTwice(r, "en");
  await r.answer("last-try-again", "last-try", ...t.lastTry);
  await r.typePIN("pin-wrong-twice", pivPIN, t.left, t.final);
  await r.windowClosed();
  await r.screen("signed");
  await expect("the card after the right PIN", desk.card.order("tries"), "tries 3");
}

async function lockedInPolish(desk: Desk, r: Renewal): Promise<void> {
  const t = words.pl;
  await wrongTwice(r, "pl");
  await r.answer("last-try", "last-try", ...t.lastTry);
  await r.typePIN("pin-wrong-twice", wrongPIN, t.left, t.final);
  await locked(desk, r, "pl");
  await unlock(desk);
}

end(test, () => outcome("tail", ["-n", "20", join(results, "logs/agent-session.log")]).text);
