// A Debian of its own that boots: systemd-nspawn over an unpacked root, with no network but loopback.
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, outcome, run, until } from "../command.ts";

/** The ordinary user; installer/packages.mk makes the account. */
export const person = { name: "person", id: 1000, display: ":9" } as const;

export class Machine {
  #nspawn: ChildProcess | undefined;
  #init: number | undefined;

  private constructor(
    readonly root: string,
    private readonly log: string,
  ) {}

  /** Unpacks the root, which is a file of tar, below dir. What the console says goes to log. */
  static unpack(tar: string, dir: string, log: string): Machine {
    if (process.getuid?.() !== 0) throw new Error("a machine needs root: run this with sudo");
    const root = mkdtempSync(join(dir, "machine-"));
    chmodSync(root, 0o755);
    run("tar", ["-x", "--numeric-owner", "-f", tar, "-C", root]);
    return new Machine(root, log);
  }

  /** Switches it on and waits until systemd has started everything. */
  async boot(): Promise<void> {
    const console = openSync(this.log, "a");
    // Its own register and unit would need a systemd on this machine, which containers lack.
    const args = ["-D", this.root, "--register=no", "--keep-unit", "--private-network", "--boot", "--console=pipe"];
    const nspawn = spawn("systemd-nspawn", args, { stdio: ["ignore", console, console] });
    this.#nspawn = nspawn;
    let failed: string | undefined;
    nspawn.once("error", (e) => (failed = e.message));
    nspawn.once("exit", (code) => (failed = `it ended with ${String(code)}`));
    await until("the machine to boot", 60_000, () => {
      if (failed !== undefined) {
        const said = readFileSync(this.log, "utf8").slice(-2000);
        throw new Error(`systemd-nspawn does not work here (it needs namespaces, mounts and cgroups): ${failed}\n${said}`);
      }
      this.#init = init(nspawn.pid);
      const state = this.#init && this.try("systemctl", "is-system-running").text;
      if (state === "degraded") throw new Error(`the machine did not start all of itself:\n${this.run("systemctl", "--failed")}`);
      return state === "running" ? true : undefined;
    });
  }

  /** Runs a program as root while the machine is off. */
  offline(...command: string[]): string {
    return run("chroot", [this.root, ...command], { LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" });
  }

  /** Runs a program as root on the running machine; it has to succeed. */
  run(...command: string[]): string {
    return run("nsenter", this.#enter("root", command));
  }

  try(...command: string[]): Outcome {
    return outcome("nsenter", this.#enter("root", command));
  }

  /** Runs a program as the ordinary user, as in a terminal on the desktop. */
  user(...command: string[]): Outcome {
    return outcome("nsenter", this.#enter("person", command));
  }

  /** Starts a program as the ordinary user. */
  spawn(options: SpawnOptions, ...command: string[]): ChildProcess {
    return spawn("nsenter", this.#enter("person", command), options);
  }

  #enter(who: "root" | "person", command: string[]): string[] {
    if (this.#init === undefined) throw new Error("the machine is off");
    const env = ["/usr/bin/env", "-i", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];
    const login =
      who === "root"
        ? ["HOME=/root"]
        : [
            ...["/usr/bin/setpriv", `--reuid=${person.id}`, `--regid=${person.id}`, "--init-groups", "/usr/bin/env"],
            ...[`HOME=/home/${person.name}`, `XDG_RUNTIME_DIR=/run/user/${person.id}`, `DISPLAY=${person.display}`],
          ];
    return ["--target", String(this.#init), "--mount", "--uts", "--ipc", "--net", "--pid", "--", ...env, ...login, ...command];
  }

  /** Switches it off and removes it. */
  async remove(): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn?.exitCode === null && nspawn.pid !== undefined) {
      const ended = new Promise((resolve) => nspawn.once("exit", resolve));
      nspawn.kill("SIGTERM"); // asks the machine's systemd to power off
      const hard = setTimeout(() => nspawn.kill("SIGKILL"), 20_000);
      await ended;
      clearTimeout(hard);
    }
    this.#init = undefined;
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The machine's first process. nspawn starts it by way of another child, which goes again. */
function init(nspawn: number | undefined): number | undefined {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
  try {
    const children = read(`/proc/${String(nspawn)}/task/${String(nspawn)}/children`).split(" ").filter(Boolean);
    return children.map(Number).find((pid) => /^NSpid:.*\t1$/m.test(read(`/proc/${pid}/status`)));
  } catch {
    return undefined; // it ended between two looks at it
  }
}
