// The SAM's phone API (portal/sam/public.go). Every answer is checked here, once.

import type { Proof } from "./keys/proof";

/** The SAM's refusals that the app has words for; the last five are the app's own. */
export const problemCodes = [
  "too_many_requests", "not_found", "enrolment_void", "enrolment_active", "phone_confirmed", "phone_replaced",
  "application_missing", "too_many_scans", "wrong_state", "challenge_invalid", "pin_incorrect", "pin_locked",
  "counter_reused", "code_mismatch", "other_tab", "browser_unsupported", "network", "internal",
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export class Problem extends Error {
  constructor(readonly code: ProblemCode) {
    super(code);
  }
}

export interface Caller {
  enrolment: string;
  /** the secret that the SAM gave this phone for its scan */
  phone: string;
}

export interface Welcome extends Caller {
  number: string;
}

export interface Credential {
  id: string;
  key: string;
  nonce: string;
}

export interface Challenge {
  challenge: string;
  iat: number;
  exp: number;
}

export interface PhoneState {
  state: "open" | "scanned" | "keyed" | "ready" | "active" | "void";
  version: number;
  number: string;
  triesLeft: number;
  locked?: "pin" | "counter";
  confirmed: boolean;
  credential?: Credential;
  certificate?: { commonName: string; notBefore: string; notAfter: string };
}

export const scan = (token: string): Promise<Welcome> =>
  call("scan", { token }, undefined, { enrolment: "string", phone: "string", number: "string" });

export const challenge = (c: Caller): Promise<Challenge> =>
  call("challenge", { enrolment: c.enrolment }, c, { challenge: "string", iat: "number", exp: "number" });

export const sendKeys = (c: Caller, proof: Proof): Promise<Credential> =>
  call("keys", { enrolment: c.enrolment, proof }, c, { id: "string", key: "string", nonce: "string" });

export const activate = (c: Caller, proof: Proof): Promise<{ code: string }> =>
  call("activate", { enrolment: c.enrolment, proof }, c, { code: "string" });

/** Answers when the version is above the given one, or after waitMs. */
export const state = (c: Caller, version: number, waitMs: number, signal?: AbortSignal): Promise<PhoneState> =>
  call("state", { enrolment: c.enrolment, version, waitMs }, c,
    { state: "string", version: "number", number: "string", triesLeft: "number", confirmed: "boolean" }, signal);

/** Longer than the SAM's longest poll; a dead connection must not look like waiting. */
const timeoutMs = 35_000;

type Shape = Readonly<Record<string, "string" | "number" | "boolean">>;

async function call<T>(path: string, body: object, caller: Caller | undefined, shape: Shape, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(caller && { Authorization: `Bearer ${caller.phone}` }) },
      body: JSON.stringify(body),
      cache: "no-store",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    answer = await response.json();
  } catch {
    throw new Problem("network");
  }
  const fields: Record<string, unknown> = typeof answer === "object" && answer !== null ? { ...answer } : {};
  if (!response.ok) {
    throw new Problem(problemCodes.find((c) => c === fields["code"]) ?? "internal");
  }
  if (!Object.entries(shape).every(([name, type]) => typeof fields[name] === type)) throw new Problem("internal");
  return fields as T;
}
