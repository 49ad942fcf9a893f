import { extensionCodes } from "./codes.ts";
import type { AgentCode, ClosedCode, ExtensionCode, PortalCode, SourcedCode } from "./codes.ts";

/** What a failure may carry beside its code. */
export interface Detail {
  /** PIN tries left, with the agent's `pin_incorrect` where the card tells. */
  triesLeft?: number;
  /** The member of the request that the portal refused. */
  field?: string;
  /** Seconds after which the portal takes another try. */
  retryAfterSeconds?: number;
}

/** A failure that people can be told of: decide by `source` and `code`, never by the message. */
export class OdnowaError extends Error {
  override readonly name = "OdnowaError";
  readonly source: SourcedCode["source"];
  readonly code: SourcedCode["code"];
  readonly detail: Detail;
  /** What happened, for the person and in their language, where the SDK has had the words; else the code. */
  override readonly cause: string;
  /** What to do, likewise; else empty. */
  readonly cure: string = "";

  constructor(sourced: SourcedCode, detail: Detail = {}) {
    super(`${sourced.source}: ${sourced.code}`);
    this.source = sourced.source;
    this.code = sourced.code;
    this.detail = detail;
    this.cause = this.message;
  }

  /** Whether this is the given code of the given source. */
  is<S extends SourcedCode["source"]>(source: S, code: Extract<SourcedCode, { source: S }>["code"]): boolean {
    return this.source === source && this.code === code;
  }
}

export const agentError = (code: AgentCode, detail?: Detail) => new OdnowaError({ source: "agent", code }, detail);
export const portalError = (code: PortalCode, detail?: Detail) => new OdnowaError({ source: "portal", code }, detail);
export const extensionError = (code: ExtensionCode) => new OdnowaError({ source: "extension", code });

const own: ReadonlySet<string> = new Set(extensionCodes);
const isOwn = (code: ClosedCode): code is ExtensionCode => own.has(code);

/** A lost connection's reason, with whose word it is. */
export const closedError = (code: ClosedCode) => (isOwn(code) ? extensionError(code) : agentError(code));

/** The code that a connection ends with for any thrown value. */
export function closedCode(thrown: unknown): ClosedCode {
  const error = asOdnowaError(thrown);
  return error.source === "portal" ? "internal" : (error.code as ClosedCode);
}

/** Any thrown value as an OdnowaError; what nobody foresaw becomes the agent's `internal`. */
export function asOdnowaError(thrown: unknown): OdnowaError {
  return thrown instanceof OdnowaError ? thrown : agentError("internal");
}
