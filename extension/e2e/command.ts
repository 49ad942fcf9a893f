// Programs that run to their end, and conditions that are waited for.
import { spawnSync } from "node:child_process";

export interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

/** Runs a program and gives what it printed; never throws for its exit code. */
export function outcome(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
  const r = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: "utf8", maxBuffer: 64 << 20 });
  if (r.error) return { ok: false, text: `${command}: ${r.error.message}` };
  return { ok: r.status === 0, text: `${r.stdout}${r.stderr}`.trim() };
}

/** Runs a program that has to succeed. */
export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const r = outcome(command, args, env);
  if (!r.ok) throw new Error(`${command} ${args.join(" ")} failed:\n${r.text}`);
  return r.text;
}

/** Asks until the answer is not undefined. For things that give no event, such as X11 windows. */
export async function until<T>(what: string, timeoutMs: number, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}
