/**
 * The protocol between the SDK in the page and the content script.
 *
 * The SDK posts one window message with a MessagePort, to its own origin exactly; the content script
 * takes the port, answers `ready` on it, and from then on both speak only on the port: JSON-RPC, the
 * bridge's methods, which the content script hands on, and `wizard.open` and `browser.pair`, which it answers itself.
 * A port is one connection: either side may end it with `extension.closed`, and a new one starts with
 * a new handshake. The content script posts `present` once when it starts, so that an SDK that waited tries again.
 *
 * Everything here may come from any script of the page. So nothing on this channel is trusted with
 * more than the page may do anyway; what gets signed is decided by the CA's seal and in the agent's window.
 */
import { array, boolean, integer, matching, object, oneOf, string } from "./parse.ts";
import type { Parser } from "./parse.ts";

/** Versions of this protocol, ours newest first. */
export const pageVersions = [1];

/** How long the SDK waits for the content script. */
export const handshakeTimeoutMs = 1000;

/** The wizard's element on the page. */
export const elementName = "odnowa-renewal";

/** Page to content script, with a port. */
export interface Connect {
  type: "odnowa.connect";
  versions: number[];
}

/** Content script to page: it is there. */
export interface Present {
  type: "odnowa.present";
}

/** Content script to page, the port's first message. `version` 0: none in common. */
export interface Ready {
  type: "odnowa.ready";
  version: number;
  extension: string;
  /** The wizard was open on this tab before the page was loaded anew. */
  resume: boolean;
}

// Made when they are used, so that a bundle without their use is without them.
export const connect: Parser<Connect> = (value) => object<Connect>({ type: oneOf(["odnowa.connect"]), versions: array(integer) })(value);
export const present: Parser<Present> = (value) => object<Present>({ type: oneOf(["odnowa.present"]) })(value);
export const ready = object<Ready>({
  type: oneOf(["odnowa.ready"]),
  version: integer,
  extension: string,
  resume: boolean,
});

/** Local methods and notifications on the port. */
export const wizardOpen = "wizard.open";
export const wizardClosed = "wizard.closed";
/** The wizard shows another screen; its name, and nothing of what is on it. */
export const wizardStep = "wizard.step";
/** Asks the person to pair the browser with the agent, after `not_paired`. */
export const browserPair = "browser.pair";

/** The params of `wizard.step`. */
export interface WizardStep {
  step: string;
}

export const wizardStepped: Parser<WizardStep> = (value) => object<WizardStep>({ step: matching(/^[a-z]{1,20}$/) })(value);

/** What came of `browser.pair`: false when the person gave up. */
export interface PairResult {
  paired: boolean;
}

export const pairResult = object<PairResult>({ paired: boolean });

/** A person compares codes meanwhile, and may try again. */
export const pairTimeoutMs = 15 * 60_000;

/** The highest version that both speak, 0 for none. */
export function agreeVersion(offered: readonly number[]): number {
  return pageVersions.find((version) => offered.includes(version)) ?? 0;
}
