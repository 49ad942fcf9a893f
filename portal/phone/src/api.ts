// The SAM's phone API (portal/sam/public.go). Every answer is checked here, once.

import type { Proof } from "./keys/proof";

/** The SAM's refusals (portal/sam/refusal.go), all of them. */
export const refusalCodes = [
  "request_malformed", "media_type", "request_too_large", "origin_not_allowed", "too_many_requests", "not_found", "enrolment_void",
  "enrolment_active", "phone_confirmed", "phone_replaced", "application_missing", "too_many_scans", "wrong_state", "challenge_invalid",
  "signature_invalid", "key_mismatch", "pin_incorrect", "pin_locked", "counter_reused", "computer_unknown", "computer_codes_paused",
  "computer_over", "too_many_computers", "request_over", "backup_used", "internal",
] as const;
/** What the app finds out by itself. */
export const ownCodes = [
  "signing_locked", "signing_copied", "signing_revoked", "phone_retired", "backup_here", "backup_other", "code_mismatch", "other_tab",
  "browser_unsupported", "network",
] as const;
export type ProblemCode = (typeof refusalCodes)[number] | (typeof ownCodes)[number];

export class Problem extends Error {
  /** triesLeft of the PIN, where the SAM tells it. */
  constructor(readonly code: ProblemCode, readonly triesLeft?: number) {
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
  /** when active: the key's id */
  credentialID?: string;
  request?: SigningRequest;
  /** computers that this phone has found and that were cancelled since */
  ended?: string[];
}

/** What a computer wants to have signed. Everything but the id is signed to approve it. */
export interface SigningRequest {
  id: string;
  label: string;
  /** the computer's name */
  computer: string;
  hashes: string[];
  hashAlgorithmOID: string;
  numSignatures: number;
  createdAt: number;
}

export interface FoundComputer {
  id: string;
  name: string;
  openedAt: number;
  key: string;
  samKey: string;
  nonce: string;
}

export interface Computer {
  id: string;
  name: string;
  since: number;
  lastUsed?: number;
}

export const scan = (token: string): Promise<Welcome> =>
  call("scan", { token }, undefined, { enrolment: "string", phone: "string", number: "string" });

export const challenge = (c: Caller): Promise<Challenge> =>
  call("challenge", { enrolment: c.enrolment }, c, { challenge: "string", iat: "number", exp: "number" });

export const sendKeys = (c: Caller, proof: Proof): Promise<Credential> =>
  call("keys", { enrolment: c.enrolment, proof }, c, { id: "string", key: "string", nonce: "string" });

export const activate = (c: Caller, proof: Proof): Promise<{ code: string }> =>
  call("activate", { enrolment: c.enrolment, proof }, c, { code: "string" });

/** What a phone begins with that is to take the place of another. */
export const restoreChallenge = (): Promise<Challenge & { phone: string }> =>
  call("restore/challenge", {}, undefined, { phone: "string", challenge: "string", iat: "number", exp: "number" });

export const restore = (c: Caller, proof: Proof): Promise<object> => call("restore", { enrolment: c.enrolment, proof }, c, {});

/** Answers when the version is above the given one, or after waitMs. */
export async function state(c: Caller, version: number, waitMs: number, signal?: AbortSignal): Promise<PhoneState> {
  const s = await call<PhoneState>("state", { enrolment: c.enrolment, version, waitMs }, c,
    { state: "string", version: "number", number: "string", triesLeft: "number", confirmed: "boolean" }, signal);
  if (s.request !== undefined) check(s.request, requestShape);
  if (s.ended !== undefined) check(s, { ended: "strings" });
  return s;
}

const requestShape = {
  id: "string", label: "string", computer: "string", hashes: "strings", hashAlgorithmOID: "string", numSignatures: "number", createdAt: "number",
} as const;

export const findComputer = (c: Caller, proof: Proof): Promise<FoundComputer> =>
  call("computers/find", { enrolment: c.enrolment, proof }, c,
    { id: "string", name: "string", openedAt: "number", key: "string", samKey: "string", nonce: "string" });

export async function computers(c: Caller): Promise<Computer[]> {
  const { computers: all } = await call<{ computers: unknown }>("computers/list", { enrolment: c.enrolment }, c, {});
  if (!Array.isArray(all)) throw new Problem("internal");
  return all.map((x: unknown) => check(x, { id: "string", name: "string", since: "number" }) as unknown as Computer);
}

/** What is answered with nothing but yes or a refusal. */
export type Deed = "computers/confirm" | "computers/refuse" | "computers/remove" | "requests/approve" | "requests/refuse";

export const send = (deed: Deed, c: Caller, proof: Proof): Promise<object> => call(deed, { enrolment: c.enrolment, proof }, c, {});

/** Longer than the SAM's longest poll; a dead connection must not look like waiting. */
const timeoutMs = 35_000;

type Shape = Readonly<Record<string, "string" | "number" | "boolean" | "strings">>;

/** Holds an answer to the shape of a type. */
function check(answer: unknown, shape: Shape): Record<string, unknown> {
  const fields: Record<string, unknown> = typeof answer === "object" && answer !== null ? { ...answer } : {};
  const fits = ([name, type]: [string, Shape[string]]): boolean => {
    const value = fields[name];
    return type === "strings" ? Array.isArray(value) && value.every((x) => typeof x === "string") : typeof value === type;
  };
  if (!Object.entries(shape).every(fits)) throw new Problem("internal");
  return fields;
}

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
  if (!response.ok) {
    const { code, triesLeft } = check(answer, {});
    throw new Problem(refusalCodes.find((c) => c === code) ?? "internal", typeof triesLeft === "number" ? triesLeft : undefined);
  }
  return check(answer, shape) as T;
}
