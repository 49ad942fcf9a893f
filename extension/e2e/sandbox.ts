// One sandbox: a test authority, a customer with a card, and every process of the design started
// as it is in real life. Nothing is written outside its folder and the results' folder.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { constants, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Computer, openComputer, openPhone, type Phone, render } from "./browsers.ts";
import { outcome, run } from "./command.ts";
import { Desktop } from "./desktop.ts";
import { openFirefox } from "./firefox.ts";
import { Processes } from "./processes.ts";
import type { Customer } from "./tab.ts";

/** The repository; this runs in its folder extension. */
const repository = resolve("..");
const program = (name: string) => join(repository, "build/bin", name);

export const agentProgram = program("odnowa-agent");
export const portalProgram = program("odnowa-portal");

/** What `odnowa-portal sandbox create` writes down. */
export interface SandboxFile {
  readonly dir: string;
  readonly urls: { readonly portal: string; readonly phone: string; readonly ca: string; readonly issuer: string; readonly sam: string };
  readonly renewalCode: string;
  readonly card: {
    readonly module: string;
    readonly conf: string;
    readonly tokenLabel: string;
    readonly pin: string;
    readonly qualified: string;
    readonly expired: string;
  };
  readonly piv: { readonly qualified: string; readonly qualifiedKey: string; readonly expired: string; readonly expiredKey: string };
  readonly configs: { readonly portal: string; readonly issuer: string; readonly sam: string };
  readonly audit: { readonly portal: string; readonly issuer: string; readonly sam: string };
  readonly agent: { readonly policy: string; readonly port: number };
  readonly extension: { readonly id: string; readonly config: string };
  readonly ca: { readonly root: string; readonly issuing: string };
}

/** What a test changes in the policy of the agent's machine (agent/policy). */
export interface Policy {
  modules: { name: string; path: string; env?: string[] }[];
  windowTimeoutMs?: number;
}

export class Sandbox {
  readonly processes: Processes;

  private constructor(
    readonly file: SandboxFile,
    readonly desktop: Desktop,
    readonly results: string,
    processes: Processes,
  ) {
    this.processes = processes;
  }

  /** Makes the sandbox and starts its processes; the policy may be changed before. Results is emptied. */
  static async open(results: string, policy?: (policy: Policy, file: SandboxFile) => void, seen = false): Promise<Sandbox> {
    rmSync(results, { recursive: true, force: true });
    mkdirSync(results, { recursive: true });
    const processes = new Processes(join(results, "logs"));
    // Sockets have short names only (sun_path: 108 bytes), so the folder is not below the repository.
    const dir = mkdtempSync(join(tmpdir(), "odnowa-"));
    whenInterrupted(() => {
      processes.kill();
      rmSync(dir, { recursive: true, force: true });
      console.log("\nStopped. Nothing of the sandbox runs, and its folder is gone.");
    });
    try {
      const [base, agentPort] = await freePorts();
      run(portalProgram, [
        "sandbox",
        "create",
        "--dir",
        join(dir, "sandbox"),
        "--base-port",
        String(base),
        "--agent-port",
        String(agentPort),
        "--phone-app",
        join(repository, "portal/phone/dist"),
        "--sdk",
        join(repository, "extension/dist/sdk"),
      ]);
      const file = JSON.parse(readFileSync(join(dir, "sandbox/sandbox.json"), "utf8")) as SandboxFile;
      const sandbox = new Sandbox(file, await Desktop.open(processes, seen), results, processes);
      if (policy) sandbox.changePolicy((p) => policy(p, file));
      await sandbox.#startAll();
      return sandbox;
    } catch (e) {
      await processes.stopAll();
      rmSync(dir, { recursive: true, force: true });
      throw e;
    }
  }

  async #startAll(): Promise<void> {
    // The extension for this authority: its key, so its id, is the sandbox's.
    run("node", ["build.mjs", "--config", this.file.extension.config, "--out", join(this.file.dir, "built")]);
    mkdirSync(this.agentEnv["XDG_RUNTIME_DIR"]!, { recursive: true, mode: 0o700 });
    await this.start("issuer");
    await this.start("sam");
    await this.start("portal");
    await this.start("agent-service");
    await this.start("agent-session");
  }

  /** Writes the agent's policy anew; its processes read it when they start. */
  changePolicy(change: (policy: Policy) => void): void {
    const path = this.file.agent.policy;
    const policy = JSON.parse(readFileSync(path, "utf8")) as Policy;
    change(policy);
    writeFileSync(path, JSON.stringify(policy));
  }

  /** Starts one process by its name in the logs. */
  async start(name: "portal" | "issuer" | "sam" | "agent-service" | "agent-session"): Promise<string> {
    const ready = /"listening"/;
    const env = this.agentEnv;
    switch (name) {
      case "portal":
        return this.processes.start({
          name,
          command: portalProgram,
          args: ["serve", "--config", this.file.configs.portal],
          ready,
        });
      case "issuer":
      case "sam":
        return this.processes.start({ name, command: portalProgram, args: [name, "--config", this.file.configs[name]], ready });
      case "agent-service":
        return this.processes.start({ name, command: agentProgram, args: ["service"], env, ready });
      case "agent-session":
        return this.processes.start({ name, command: agentProgram, args: ["session"], env, ready });
    }
  }

  /** What the agent's processes find in their environment, the browser's included, for it starts one of them. */
  get agentEnv(): Record<string, string> {
    return {
      ...this.desktop.env,
      ODNOWA_CONFIG: this.file.agent.policy,
      SOFTHSM2_CONF: this.file.card.conf,
      XDG_RUNTIME_DIR: join(this.file.dir, "run"),
      XDG_STATE_HOME: join(this.file.dir, "state"),
      LANG: "pl_PL.UTF-8",
      // Whoever starts this may have another language.
      LC_ALL: "",
      LC_MESSAGES: "",
    };
  }

  /** Chromium; without a host it can't start the agent and has to be paired. */
  computer(language = "pl-PL", profile = "computer", host = true): Promise<Computer> {
    return openComputer({
      profile: join(this.file.dir, profile),
      extension: join(this.file.dir, "built/extension"),
      hostManifest: host ? this.#hostManifest("chromium") : undefined,
      desktop: this.desktop,
      env: this.agentEnv,
      language,
    });
  }

  /** Firefox, with or without a host. */
  firefox(language = "pl-PL", profile = "firefox", host = true): Promise<Customer> {
    return openFirefox({
      home: join(this.file.dir, profile),
      extension: join(this.file.dir, "built/extension"),
      hostManifest: host ? this.#hostManifest("firefox") : undefined,
      desktop: this.desktop,
      env: this.agentEnv,
      language,
    });
  }

  #hostManifest(browser: "chromium" | "firefox"): string {
    const config = JSON.parse(readFileSync(this.file.extension.config, "utf8")) as { geckoId: string };
    return render(join(repository, `installer/native-messaging/${browser}.json`), {
      AGENT: agentProgram,
      CHROMIUM_EXTENSION: this.file.extension.id,
      FIREFOX_EXTENSION: config.geckoId,
    });
  }

  phone(profile = "phone"): Promise<Phone> {
    return openPhone({ profile: join(this.file.dir, profile), headless: !this.desktop.visible });
  }

  /** A new renewal code of the sandbox's authority. */
  code(months = 24): string {
    return run(portalProgram, ["code", "create", "--config", this.file.configs.portal, "--months", String(months)]).trim();
  }

  /** The agent's own view of itself, as `odnowa-agent doctor` prints it. */
  doctor(): string {
    return outcome(agentProgram, ["doctor"], this.agentEnv).text;
  }

  async close(): Promise<void> {
    await this.processes.stopAll();
    rmSync(resolve(this.file.dir, ".."), { recursive: true, force: true });
  }
}

/** Ctrl-C and its like end everything that was started: the browsers by their libraries, then what is done here. */
function whenInterrupted(done: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.once("exit", done);
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/**
 * Finds five free ports in a row for the authority, and one for the agent. Runs that start at the same time
 * begin to look at different places.
 */
async function freePorts(): Promise<[number, number]> {
  const first = process.pid % 100;
  for (let i = 0; i < 100; i++) {
    const base = 8700 + ((first + i) % 100) * 10;
    const free = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => isFree(base + n)));
    if (free.every(Boolean)) return [base, base + 5];
  }
  throw new Error("The sandbox needs six free ports in a row, and there are none between 8700 and 9700. Stop what listens there.");
}

/** In both families: browsers try a name's IPv6 address first, and would meet whoever listens there. */
async function isFree(port: number): Promise<boolean> {
  const free = (host: string) =>
    new Promise<boolean>((answer) => {
      const s = createServer();
      s.once("error", (e: NodeJS.ErrnoException) => answer(e.code !== "EADDRINUSE"));
      s.listen(port, host, () => s.close(() => answer(true)));
    });
  return (await free("127.0.0.1")) && (await free("::1"));
}
