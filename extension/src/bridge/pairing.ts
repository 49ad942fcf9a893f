/**
 * How the worker tells the content script of a pairing that it makes with the agent's service, on a port
 * of this name. The person's answer comes back; the port's end gives the pairing up. A pairing that fails ends
 * with `extension.closed`, as connections do.
 */
import { matching, object, oneOf, record } from "./parse.ts";
import type { Parser } from "./parse.ts";

export const pairingPort = "pairing";

/** Worker to content script. */
export type PairingNews = CodeNews | StageNews;

/** The six digits to show; the agent's window opens with the same. */
export interface CodeNews {
  type: "code";
  code: string;
}

/** `agreed`: the person said yes in the agent's window. `paired`: on both sides, and the pairing is kept. */
export interface StageNews {
  type: "agreed" | "paired";
}

/** Content script to worker: the person says that the window shows the same code. */
export interface SameCode {
  type: "same";
}

export const sameCode = object<SameCode>({ type: oneOf(["same"]) });

const code = object<CodeNews>({ type: oneOf(["code"]), code: matching(/^[0-9]{6}$/) });
const stage = object<StageNews>({ type: oneOf(["agreed", "paired"]) });

export const pairingNews: Parser<PairingNews> = (value, path) =>
  record(value, path)["type"] === "code" ? code(value, path) : stage(value, path);
