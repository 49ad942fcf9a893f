// The processes of a sandbox: each is started as in real life, logs into a file of its own, is
// waited for until it says that it listens, and is stopped with everything it started.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

export interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The line on stderr or stdout that says "ready". Without it the process is ready at once. */
  readonly ready?: RegExp;
  readonly timeoutMs?: number;
}

export class Processes {
  readonly #running = new Map<string, ChildProcess>();

  constructor(private readonly logDir: string) {
    mkdirSync(logDir, { recursive: true });
  }

  /** Gives the line that said "ready". */
  async start(s: Start): Promise<string> {
    const log = createWriteStream(join(this.logDir, `${s.name}.log`), { flags: "a" });
    // A process group of its own: stopping it stops its children too.
    const child = spawn(s.command, s.args, {
      env: { ...process.env, ...s.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#running.set(s.name, child);
    const last: string[] = [];
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${s.name} did not say that it is ready:\n${last.join("\n")}`)),
        s.timeoutMs ?? 30_000,
      );
      const done = (answer: string | Error) => {
        clearTimeout(timer);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on("line", (line) => {
          log.write(`${line}\n`);
          last.push(line);
          if (last.length > 20) last.shift();
          if (s.ready?.test(line)) done(line);
        });
      }
      child.once("error", (e) => done(new Error(`starting ${s.name}: ${e.message}`)));
      child.once("exit", (code, signal) => {
        this.#running.delete(s.name);
        done(new Error(`${s.name} ended (${code ?? signal}):\n${last.join("\n")}`));
      });
      if (!s.ready) child.once("spawn", () => done(""));
    });
  }

  /** Stops one process and waits until it has ended. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#running.get(name);
    if (!child?.pid) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    kill(child.pid, signal);
    const hard = setTimeout(() => kill(child.pid, "SIGKILL"), 5_000);
    await ended;
    clearTimeout(hard);
    // Children that outlive the leader of their group go with it.
    kill(child.pid, "SIGKILL");
  }

  async stopAll(): Promise<void> {
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const child of this.#running.values()) kill(child.pid, "SIGKILL");
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e;
  }
}
