/** The messages of the handshake with the agent's service, as it sends them (agent/service/PAIRING.md). */
import { agentCodes } from "../bridge/codes.ts";
import type { AgentCode } from "../bridge/codes.ts";
import { base64, matching, object, oneOf, oneOfOr, ParseError } from "../bridge/parse.ts";
import type { Parser } from "../bridge/parse.ts";
import { fromBase64 } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";
import { size } from "./pairing.ts";

const refused = object<{ type: "refused"; code: AgentCode }>({
  type: oneOf(["refused"]),
  code: oneOfOr(agentCodes, "internal"),
});

/** The code that the service refuses with, where the message says so. */
export function refusedWith(message: unknown): AgentCode | undefined {
  try {
    return refused(message).code;
  } catch {
    return undefined;
  }
}

/** 32 bytes in base64: nonces, keys and proofs all are. */
export const bytes32: Parser<Bytes> = (value, path = "value") => {
  const read = fromBase64(base64(value, path));
  if (read.length !== size) throw new ParseError(path, `${size} bytes`);
  return read;
};

export const challenge = object<{ nonce: Bytes }>({ nonce: bytes32 });
export const proved = object<{ proof: Bytes }>({ proof: bytes32 });
export const key = object<{ key: Bytes; nonce: Bytes }>({ key: bytes32, nonce: bytes32 });
export const paired = object<{ pairing: string }>({ pairing: matching(/^[0-9a-f]{32}$/) });
