import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Client } from "../src/bridge/client.ts";
import * as messages from "../src/bridge/messages.ts";
import { object, record } from "../src/bridge/parse.ts";
import type { Parser } from "../src/bridge/parse.ts";
import { TestTransport } from "./transport.ts";

interface MessageVector {
  name: string;
  type: string;
  reader: "agent" | "client";
  good: boolean;
  extra?: boolean;
  message: unknown;
}

interface ErrorVector {
  name: string;
  code: string;
  triesLeft?: number;
  response: Record<string, unknown>;
}

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../protocol/vectors/bridge/${file}`, import.meta.url), "utf8"));

/** What the browser side reads, by the name of the Go struct. */
const parsers: Record<string, Parser<unknown>> = {
  HelloResult: messages.helloResult,
  DiagnoseResult: messages.diagnoseResult,
  ListResult: messages.listResult,
  SignResult: messages.signResult,
  CancelResult: messages.cancelResult,
  Progress: messages.progress,
  ActivateResult: messages.activateResult,
  ActivationProgress: messages.activationProgress,
  ErrorData: messages.errorData,
  CertificatesChanged: object<object>({}),
};

const mine = (read("messages.json") as MessageVector[]).filter(({ reader }) => reader === "client");

test("there are vectors of every kind", () => {
  expect(new Set(mine.map(({ good }) => good)).size).toBe(2);
  for (const { type } of mine) expect(Object.keys(parsers)).toContain(type);
});

test.each(mine.map((vector) => [`${vector.type}: ${vector.name}`, vector] as const))("%s", (_, vector) => {
  const parse = () => parsers[vector.type]?.(vector.message);
  if (!vector.good) expect(parse).toThrow();
  else if (vector.extra) parse();
  else expect(parse()).toEqual(withoutNull(vector.message));
});

/** Go writes an empty list as null, which is read as an empty list. */
function withoutNull(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message), (_, value: unknown) => value ?? []);
}

test.each((read("errors.json") as ErrorVector[]).map((vector) => [vector.name, vector] as const))(
  "error: %s",
  async (_, vector) => {
    const transport = new TestTransport();
    const { result } = new Client(transport).call("signature.create", {}, record, 1000);
    transport.receive({ ...vector.response, id: transport.sent[0]?.["id"] });
    const detail = vector.triesLeft === undefined ? {} : { triesLeft: vector.triesLeft };
    await expect(result).rejects.toMatchObject({ source: "agent", code: vector.code, detail });
  },
);
