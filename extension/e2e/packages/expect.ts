// What a test expects, said aloud when it is so.
import { isDeepStrictEqual } from "node:util";

export function passed(what: string): void {
  console.log(`  ok: ${what}`);
}

export function equal(what: string, got: unknown, want: unknown): void {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what}:\n  got  ${JSON.stringify(got)}\n  want ${JSON.stringify(want)}`);
  passed(what);
}

export function truth(what: string, so: boolean): void {
  equal(what, so, true);
}
