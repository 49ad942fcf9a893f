/** The bridge protocol's messages as the browser side reads them (protocol/bridge/bridge.go). */
import { agentCodes } from "./codes.ts";
import { array, base64, boolean, integer, matching, object, oneOf, oneOfOr, optional, string } from "./parse.ts";
import type { Parser } from "./parse.ts";
import type * as wire from "./types.gen.ts";

/** The protocol versions that the extension speaks. */
export const versions = [1];

export const method = {
  hello: "agent.hello",
  diagnose: "agent.diagnose",
  listCertificates: "certificates.list",
  createSignature: "signature.create",
  cancel: "request.cancel",
  activateRSign: "rsign.activate",
} as const;

export const notification = {
  certificatesChanged: "certificates.changed",
  signatureProgress: "signature.progress",
  rsignProgress: "rsign.progress",
} as const;

/** The agent's windows speak these. */
export type Language = "pl" | "en";

const code = oneOfOr(agentCodes, "internal");
const client = object<wire.Client>({ name: string, version: string });

export const helloResult: Parser<wire.HelloResult> = object<wire.HelloResult>({
  agent: client,
  version: integer,
  features: array(string),
  limits: object<wire.Limits>({ documentBytes: integer, windowMs: integer }),
});

export const diagnoseResult: Parser<wire.DiagnoseResult> = object<wire.DiagnoseResult>({
  checks: array(
    object<wire.Check>({
      id: string,
      state: oneOfOr(["ok", "warning", "failed", "unknown"], "unknown"),
      code: optional(code),
      cause: optional(string),
      cure: optional(string),
    }),
  ),
});

const certificate = object<wire.Certificate>({
  id: matching(/^[0-9a-f]{64}$/),
  der: base64,
  chain: array(base64),
  source: oneOf(["card", "rsign"]),
  token: string,
  reader: string,
  keyType: string,
  keyBits: integer,
  algorithms: array(string),
  keyUsage: array(string),
  pin: oneOf(["ok", "low", "final", "locked"]),
  pinPad: boolean,
});

export const listResult: Parser<wire.ListResult> = object<wire.ListResult>({
  certificates: array(certificate),
  refused: array(
    object<wire.Refused>({
      reason: oneOf(["key_usage", "expired", "not_yet_valid", "issuer", "no_private_key", "key_type"]),
      reader: string,
    }),
  ),
  modules: array(object<wire.Module>({ name: string, code: optional(code) })),
});

export const signResult: Parser<wire.SignResult> = object<wire.SignResult>({
  cms: base64,
  algorithm: string,
  shown: array(string),
});

export const cancelResult: Parser<wire.CancelResult> = object<wire.CancelResult>({ cancelled: boolean });

export const progress: Parser<wire.Progress> = object<wire.Progress>({
  requestId: string,
  state: oneOf(["waiting_for_card", "waiting_for_pin", "waiting_for_phone", "signing"]),
});

export const activateResult: Parser<wire.ActivateResult> = object<wire.ActivateResult>({
  state: oneOf(["active"]),
  certificate,
});

export const activationProgress: Parser<wire.ActivationProgress> = object<wire.ActivationProgress>({
  requestId: string,
  state: oneOf(["waiting_for_phone", "found_by_phone", "active"]),
  code: matching(/^[0-9]{6}$/),
});

export const errorData: Parser<wire.ErrorData> = object<wire.ErrorData>({ code, triesLeft: optional(integer) });
