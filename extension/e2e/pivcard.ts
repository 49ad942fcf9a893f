// The virtual PIV card of agent/card/pivtest as a process: its reader, its pcscd, and orders to it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";

const program = resolve("../build/bin/virtual-piv-card");

/** The PIN of the card that an exchange brings. */
export const pivPIN = "271828";

/** OpenSC's PKCS#11 module, for the agent's policy. */
export function opensc(): string {
  const found = readdirSync("/usr/lib").map((dir) => join("/usr/lib", dir, "opensc-pkcs11.so")).find(existsSync);
  if (found === undefined) throw new Error("opensc-pkcs11.so is missing: apt-get install opensc-pkcs11");
  return found;
}

export class PIVCard {
  #answer: (line: string) => void = () => undefined;

  private constructor(private readonly process: ChildProcess) {}

  /** Starts PC/SC at this socket: with an empty reader, or without any. */
  static async start(socket: string, reader: "reader" | "no-reader" = "reader"): Promise<PIVCard> {
    const args = ["--socket", socket, ...(reader === "no-reader" ? ["--no-reader"] : [])];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const card = new PIVCard(child);
    const listening = card.#line();
    createInterface(child.stdout).on("line", (line) => {
      if (line !== "signing") card.#answer(line);
    });
    child.once("error", (e) => card.#answer(`error: ${e.message}`));
    child.once("exit", (code) => card.#answer(`error: ended with ${String(code)}`));
    const said = await listening;
    if (said !== `listening ${socket}`) throw new Error(`virtual-piv-card: ${said}`);
    return card;
  }

  #line(): Promise<string> {
    return new Promise((done) => (this.#answer = done));
  }

  /** One line of the command's control.go; gives what it says. */
  async order(...words: readonly string[]): Promise<string> {
    const answer = this.#line();
    this.process.stdin!.write(`${words.join(" ")}\n`);
    const said = await answer;
    if (said.startsWith("error: ")) throw new Error(`virtual-piv-card ${words[0]!}: ${said}`);
    return said;
  }

  /** Puts a card with this certificate and key into the reader, which has another or none. */
  async put(certificate: string, key: string): Promise<void> {
    await this.order("exchange", certificate, key);
    await this.order("insert");
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((done) => this.process.once("exit", () => done()));
    if (this.process.exitCode !== null || !this.process.stdin!.writable) return;
    this.process.stdin!.end();
    await ended;
  }
}
