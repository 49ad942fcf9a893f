import type { Transport } from "../src/bridge/client.ts";
import type { ClosedCode } from "../src/bridge/codes.ts";

/** A transport whose other end is the test. */
export class TestTransport implements Transport {
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;
  failing = false;
  receive: (message: unknown) => void = () => undefined;
  end: (reason: ClosedCode) => void = () => undefined;

  send(message: unknown): void {
    if (this.failing) throw new Error("gone");
    this.sent.push(message as Record<string, unknown>);
  }
  listen(received: (message: unknown) => void, closed: (reason: ClosedCode) => void): void {
    this.receive = received;
    this.end = closed;
  }
  close(): void {
    this.isClosed = true;
  }
  answer(result: unknown, at = this.sent.length - 1): void {
    this.receive({ jsonrpc: "2.0", id: this.sent[at]?.["id"], result });
  }
}
