// What an end-to-end test has found right so far, said aloud, and how the test ends.

let passed = 0;

/** One thing more, or several, is as it should be. */
export function ok(what: string, count = 1): void {
  passed += count;
  console.log(`               ok: ${what}`);
}

/** Counts what was said in another way. */
export function count(n: number): void {
  passed += n;
}

export async function expect(what: string, got: string | number | null | Promise<string | number | null>, want: string | number): Promise<void> {
  const value = await got;
  if (value !== want) throw new Error(`${what}: got ${String(value)}, want ${String(want)}`);
  ok(want === "" ? what : `${what}: ${String(want)}`);
}

/** Runs the test and ends the process; where it fails, with what more there is to say. */
export function end(test: () => Promise<void>, more: () => string = () => ""): void {
  test().then(
    () => {
      console.log(`${String(passed)} passed, 0 failed`);
      process.exit(0);
    },
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : e);
      const text = more();
      if (text !== "") console.log(text);
      console.log(`${String(passed)} passed, 1 failed`);
      process.exit(1);
    },
  );
}
