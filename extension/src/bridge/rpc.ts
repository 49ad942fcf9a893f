/** The three forms of a JSON-RPC 2.0 message, as every transport carries them. */
import { integer, object, optional, record, string, oneOf, ParseError } from "./parse.ts";
import type { Parser } from "./parse.ts";

export interface Request {
  jsonrpc: "2.0";
  id: string;
  method: string;
  params: Record<string, unknown>;
}

export interface Notification {
  jsonrpc: "2.0";
  method: string;
  params: Record<string, unknown>;
}

/** A JSON-RPC error: `data.code` decides; the number is only what JSON-RPC wants. */
export interface ErrorObject {
  code: number;
  message: string;
  data?: Record<string, unknown>;
}

export interface Answer {
  jsonrpc: "2.0";
  /** Null where the peer could not read the request's id. */
  id: string | null;
  result?: unknown;
  error?: ErrorObject;
}

export type Incoming = { kind: "answer"; answer: Answer } | { kind: "notification"; notification: Notification };

const version = oneOf(["2.0"]);
const id: Parser<string> = (value, path = "id") => {
  const text = string(value, path);
  if (text.length === 0 || text.length > 64) throw new ParseError(path, "an id of 1 to 64 characters");
  return text;
};
const params: Parser<Record<string, unknown>> = (value, path) => (value === undefined ? {} : record(value, path));
const nullableId: Parser<string | null> = (value, path) => (value === null ? null : id(value, path));
const errorObject = object<ErrorObject>({ code: integer, message: string, data: optional(record) });

/** Reads a request, as the side that answers. Batches are not spoken. */
export const request: Parser<Request> = /* @__PURE__ */ object<Request>({ jsonrpc: version, id, method: string, params });

/** Reads an answer or a notification, as the side that asks. */
export const incoming: Parser<Incoming> = (value, path = "message") => {
  const message = record(value, path);
  if ("method" in message) {
    if ("id" in message) throw new ParseError(path, "an answer or a notification");
    return { kind: "notification", notification: object<Notification>({ jsonrpc: version, method: string, params })(message, path) };
  }
  version(message["jsonrpc"], `${path}.jsonrpc`);
  const answer: Answer = { jsonrpc: "2.0", id: nullableId(message["id"], `${path}.id`) };
  const hasResult = "result" in message;
  if (hasResult === "error" in message) throw new ParseError(path, "an answer with either result or error");
  return hasResult
    ? { kind: "answer", answer: { ...answer, result: message["result"] } }
    : { kind: "answer", answer: { ...answer, error: errorObject(message["error"], `${path}.error`) } };
};

