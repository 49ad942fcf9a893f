// Plays the browser at one native messaging host: frames of four bytes of length and JSON, over pipes.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export type Answer = { readonly result: unknown } | { readonly code: string };

export class Host {
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly ended: Promise<unknown>;
  #input = Buffer.alloc(0);
  #last = 0;

  constructor(private readonly process: ChildProcess) {
    this.ended = once(process, "exit");
    process.stdout?.on("data", (chunk: Buffer) => this.#received(chunk));
  }

  #received(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 4) {
      const end = 4 + this.#input.readUInt32LE();
      if (this.#input.length < end) return;
      const message = JSON.parse(this.#input.toString("utf8", 4, end)) as {
        id?: string;
        result?: unknown;
        error?: { data: { code: string } };
      };
      this.#input = this.#input.subarray(end);
      if (message.id === undefined) continue; // a notification
      this.#waiting.get(message.id)?.(message.error ? { code: message.error.data.code } : { result: message.result });
      this.#waiting.delete(message.id);
    }
  }

  /** Asks; fails where the host ends before it answers, or stays silent. */
  async ask(method: string, params: unknown): Promise<Answer> {
    const id = `r${++this.#last}`;
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.process.stdin?.write(Buffer.concat([head, body]));
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${method}: no answer`)), 30_000);
    });
    const gone = this.ended.then(() => Promise.reject(new Error(`${method}: the host ended`)));
    return Promise.race([answer, silent, gone]).finally(() => clearTimeout(timer));
  }

  /** Asks for what has to be given. */
  async call<T>(method: string, params: unknown): Promise<T> {
    const answer = await this.ask(method, params);
    if ("code" in answer) throw new Error(`${method}: ${answer.code}`);
    return answer.result as T;
  }

  /** Closes the pipes, as a browser does. */
  async close(): Promise<void> {
    this.process.stdin?.end();
    await this.ended;
  }
}
