/** The list of certificates on the cards, and why it is empty. */
import { agentError, asOdnowaError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { ListResult } from "../bridge/types.gen.ts";
import type { Wizard } from "./wizard.ts";

/** Asks for the certificates; called again when cards come and go, when only the last answer counts. */
export async function loadCards(w: Wizard): Promise<void> {
  const request = ++w.cardsRequest;
  const isLast = () => request === w.cardsRequest;
  w.cardsProblem = undefined;
  w.draw();
  try {
    const issuers = w.info?.issuers ?? [];
    const cards = onCards(await w.agent.certificates({ nonRepudiation: true, valid: true, issuers }));
    if (!isLast()) return;
    w.cards = cards;
    if (cards.certificates.length > 0) w.cardsMissing = undefined;
    const [only, ...others] = cards.certificates.filter(({ pin }) => pin !== "locked");
    if (only && others.length === 0) w.form.certificateId = only.id;
    w.draw();
    if (isSlow(cards)) lookAgain(w, isLast);
    if (cards.certificates.length === 0) await explainNone(w, isLast);
  } catch (thrown) {
    if (isLast()) failCards(w, asOdnowaError(thrown));
  }
}

/** Shows why there is no list. */
function failCards(w: Wizard, error: OdnowaError): void {
  w.note(error);
  w.cards = undefined;
  w.cardsProblem = error;
  w.draw();
}

/** A worker that the browser stopped and an agent that was updated are there again at the next call. */
const passing: ReadonlySet<string> = new Set(["agent_crashed", "agent_unreachable"]);

/** One that ends at each start is not: within this time after a loss the next one is told of. */
const lostAgainMs = 10_000;

/** What ends may take a moment to be gone; who asks it meanwhile is lost with it. */
const lostPauseMs = 500;

/** The connection was lost while the list was on the screen: looks again by itself, once. */
export function lostCards(w: Wizard, reason: OdnowaError): void {
  const lostAt = Date.now();
  const isAgain = lostAt - w.cardsLostAt < lostAgainMs;
  w.cardsLostAt = lostAt;
  if (isAgain || !passing.has(reason.code)) {
    w.cardsRequest++; // the answer that was waited for comes no more
    failCards(w, reason);
    return;
  }
  w.note(reason);
  w.draw();
  const request = ++w.cardsRequest;
  setTimeout(() => {
    if (request === w.cardsRequest && w.screen === "certificate" && !w.busy) void loadCards(w);
  }, lostPauseMs);
}

/** The person is back at the page: what was missing may have been installed or started meanwhile. */
export function backAtCards(w: Wizard): void {
  if (w.screen === "certificate" && w.cardsProblem && !w.busy) void loadCards(w);
}

/** How soon to look again at a card that is still being read; nothing tells when it is. */
const readAgainMs = 2000;

const isSlow = ({ modules }: ListResult) => modules.some(({ code }) => code === "module_slow");

function lookAgain(w: Wizard, isLast: () => boolean): void {
  setTimeout(() => {
    if (isLast() && w.screen === "certificate" && !w.busy) void loadCards(w);
  }, readAgainMs);
}

/** Why there is no certificate: the agent's checks know whether it is the reader, the card or something else. */
async function explainNone(w: Wizard, isLast: () => boolean): Promise<void> {
  const checks = await w.agent.diagnose().then(({ checks }) => checks, () => []); // a lost agent tells by itself
  if (!isLast()) return;
  const code = checks.find(({ state }) => state === "failed")?.code;
  w.cardsMissing = code && agentError(code);
  w.draw();
}

/** The renewed certificate is on a card; what is in the cloud already was issued by such a renewal. */
function onCards(list: ListResult): ListResult {
  const certificates = list.certificates.filter(({ source }) => source === "card");
  return { ...list, certificates, refused: list.refused.filter(({ reader }) => reader !== "") };
}
