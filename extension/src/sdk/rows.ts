/** What the checks say, row by row. */
import type { SourcedCode } from "../bridge/codes.ts";
import type { CheckState } from "../bridge/types.gen.ts";
import type { Visitor } from "./visitor.ts";

/** In the order in which a person would mend them. */
export const rows = ["browser", "extension", "agent", "reader", "card", "certificate"] as const;
export type Row = (typeof rows)[number];

export interface Outcome {
  /** `unknown`: what fails before it keeps it from being looked at. `warning` does not stand in the way. */
  state: CheckState;
  /** Who says so, and the symbolic code; absent where nothing is wrong. */
  source?: SourcedCode["source"];
  code?: SourcedCode["code"];
  /** What happened and what to do, for the person and in their language. */
  cause?: string;
  cure?: string;
}

export type Outcomes = Record<Row, Outcome>;

/** What a visitor's computer has and lacks. */
export interface Availability {
  /** Nothing stands in the way of a signature with a card. */
  ready: boolean;
  /** The first thing that is missing. */
  missing?: Row;
  checks: Outcomes;
  /** Of those that answered. */
  versions: { extension?: string; agent?: string };
  /** Browser, system and device, for an install guide of the page's own. */
  visitor: Visitor;
}

export function all(state: CheckState): Outcomes {
  return Object.fromEntries(rows.map((row) => [row, { state }])) as Outcomes;
}

export const passes = ({ state }: Outcome) => state === "ok" || state === "warning";

export function missing(outcomes: Outcomes): Row | undefined {
  return rows.find((row) => !passes(outcomes[row]));
}
