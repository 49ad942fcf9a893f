// Generated from protocol/bridge/schema.json by generate.mjs.

/**
 * CheckState is the outcome of one check.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "CheckState".
 */
export type CheckState = "ok" | "warning" | "failed" | "unknown";
/**
 * Code is the symbolic name of an error.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Code".
 */
export type Code =
  | "internal"
  | "invalid_request"
  | "unknown_method"
  | "version_unsupported"
  | "origin_not_allowed"
  | "not_paired"
  | "pairing_refused"
  | "service_stopped"
  | "no_session"
  | "busy"
  | "rate_limited"
  | "timeout"
  | "user_cancelled"
  | "request_cancelled"
  | "no_module"
  | "module_failed"
  | "no_reader"
  | "no_card"
  | "card_removed"
  | "no_certificate"
  | "certificate_unknown"
  | "pin_incorrect"
  | "pin_locked"
  | "pin_length"
  | "seal_missing"
  | "seal_invalid"
  | "seal_expired"
  | "document_refused"
  | "document_too_large"
  | "window_unavailable"
  | "signing_failed"
  | "codes_differ"
  | "rsign_unavailable"
  | "rsign_refused"
  | "rsign_expired"
  | "rsign_locked"
  | "rsign_busy"
  | "pcsc_stopped"
  | "module_missing"
  | "module_refused"
  | "module_slow"
  | "policy_invalid"
  | "host_not_registered"
  | "audit_failed";
/**
 * Source: with rsign there is no reader and no PIN here; the phone approves each signature.
 */
export type Source = "card" | "rsign";
/**
 * PINState is what the token says of its PIN (PKCS#11 CKF_USER_PIN_* flags).
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "PINState".
 */
export type PINState = "ok" | "low" | "final" | "locked";
/**
 * Reason tells why the filter refused a certificate.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Reason".
 */
export type Reason = "key_usage" | "expired" | "not_yet_valid" | "issuer" | "no_private_key" | "key_type";
/**
 * Format of a signature.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Format".
 */
export type Format = "pades" | "cades";
/**
 * ActivationState is how far an activation is.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ActivationState".
 */
export type ActivationState = "waiting_for_phone" | "found_by_phone" | "active";
/**
 * ProgressState is what the person is waited for.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ProgressState".
 */
export type ProgressState = "waiting_for_card" | "waiting_for_pin" | "waiting_for_phone" | "signing";
/**
 * Source tells where a certificate's key lives.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Source".
 */
export type Source1 = "card" | "rsign";

/**
 * Methods and notifications of the bridge protocol. Generated from protocol/bridge by agent/cmd/bridge-schema; do not edit.
 */
export interface Bridge {
  "agent.hello": {
    params: HelloParams;
    result: HelloResult;
  };
  "agent.diagnose": {
    params: DiagnoseParams;
    result: DiagnoseResult;
  };
  "certificates.list": {
    params: ListParams;
    result: ListResult;
  };
  "signature.create": {
    params: SignParams;
    result: SignResult;
  };
  "request.cancel": {
    params: CancelParams;
    result: CancelResult;
  };
  "rsign.activate": {
    params: ActivateParams;
    result: ActivateResult;
  };
  "certificates.changed": {
    params: CertificatesChanged;
  };
  "signature.progress": {
    params: Progress;
  };
  "rsign.progress": {
    params: ActivationProgress;
  };
}
/**
 * HelloParams opens a connection.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "HelloParams".
 */
export interface HelloParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
  client: Client;
  versions: number[];
  /**
   * Language of the agent's windows: "pl" or "en".
   */
  language?: string;
}
/**
 * Client names the program that calls.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Client".
 */
export interface Client {
  name: string;
  version: string;
}
/**
 * HelloResult says who answers and what it can.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "HelloResult".
 */
export interface HelloResult {
  agent: Client;
  version: number;
  features: string[];
  limits: Limits;
}
/**
 * Limits of this agent, in bytes and milliseconds.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Limits".
 */
export interface Limits {
  documentBytes: number;
  windowMs: number;
}
/**
 * DiagnoseParams asks for all checks.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "DiagnoseParams".
 */
export interface DiagnoseParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
}
/**
 * DiagnoseResult lists the checks in the order in which a person would mend them.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "DiagnoseResult".
 */
export interface DiagnoseResult {
  checks: Check[];
}
/**
 * Check is one thing that a signature needs.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Check".
 */
export interface Check {
  id: string;
  state: CheckState;
  code?: Code;
  cause?: string;
  cure?: string;
}
/**
 * ListParams asks for the certificates that can be used.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ListParams".
 */
export interface ListParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
  filter: Filter;
}
/**
 * Filter narrows the list.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Filter".
 */
export interface Filter {
  /**
   * NonRepudiation wants keyUsage nonRepudiation (RFC 5280 4.2.1.3, contentCommitment).
   */
  nonRepudiation?: boolean;
  /**
   * Valid wants the current time within the certificate's validity.
   */
  valid?: boolean;
  /**
   * Issuers, when not empty, wants the certificate's issuer to be one of these: standard
   * base64 of the DER of the Name.
   */
  issuers?: string[];
}
/**
 * ListResult has the certificates, what the filter refused, and the state of each module.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ListResult".
 */
export interface ListResult {
  certificates: Certificate[];
  refused: Refused[];
  modules: Module[];
}
/**
 * Certificate is one that has a private key in reach.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Certificate".
 */
export interface Certificate {
  /**
   * ID is the lower-case hexadecimal SHA-256 of DER.
   */
  id: string;
  der: string;
  /**
   * Chain holds the CA certificates that the token carries, nearest first.
   */
  chain: string[];
  source: Source;
  token: string;
  reader: string;
  /**
   * "RSA" or "EC"
   */
  keyType: string;
  keyBits: number;
  /**
   * JOSE names (RFC 7518): RS256, PS256, ES256 ...
   */
  algorithms: string[];
  /**
   * names of RFC 5280 4.2.1.3
   */
  keyUsage: string[];
  pin: PINState;
  pinPad: boolean;
}
/**
 * Refused says that something was there, and nothing of whom it belongs to.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Refused".
 */
export interface Refused {
  reason: Reason;
  reader: string;
}
/**
 * Module is a PKCS#11 module's state.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Module".
 */
export interface Module {
  name: string;
  code?: Code;
}
/**
 * SignParams asks for one signature over one document.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "SignParams".
 */
export interface SignParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
  certificateId: string;
  document: Document;
  format: Format;
  /**
   * Seal is the compact JWS of package seal. Without one the origin's policy must say "document".
   */
  seal?: string;
}
/**
 * Document is what gets signed.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Document".
 */
export interface Document {
  /**
   * Name as a person would save it; shown, never used as a path.
   */
  name: string;
  mediaType: string;
  /**
   * Bytes is the whole document, for PAdES with its empty placeholder.
   */
  bytes: string;
}
/**
 * SignResult is the detached signature.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "SignResult".
 */
export interface SignResult {
  cms: string;
  /**
   * JOSE name
   */
  algorithm: string;
  /**
   * Shown lists the fields that the window showed, in its order.
   */
  shown: string[];
}
/**
 * CancelParams names a running request of the same connection by its JSON-RPC id.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "CancelParams".
 */
export interface CancelParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
  requestId: string;
}
/**
 * CancelResult says whether there was one.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "CancelResult".
 */
export interface CancelResult {
  cancelled: boolean;
}
/**
 * ActivateParams asks for a key with which this computer may request signatures of the person's rSign certificate at the website's CA.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ActivateParams".
 */
export interface ActivateParams {
  /**
   * Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
   */
  origin: string;
  /**
   * Offer is the portal's, and opaque: with it only the phone of one certificate can find this
   * computer. Without it any phone can that is given the code.
   */
  offer?: string;
}
/**
 * ActivateResult says that signatures can be requested from here on.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ActivateResult".
 */
export interface ActivateResult {
  state: ActivationState;
  certificate: Certificate;
}
/**
 * CertificatesChanged is the params of certificates.changed: ask for the list again.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "CertificatesChanged".
 */
export interface CertificatesChanged {}
/**
 * Progress is the params of signature.progress.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "Progress".
 */
export interface Progress {
  requestId: string;
  state: ProgressState;
}
/**
 * ActivationProgress is the params of rsign.progress.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ActivationProgress".
 */
export interface ActivationProgress {
  requestId: string;
  state: ActivationState;
  /**
   * Code has six digits, for the person to type on the phone. The agent computed it from both
   * sides' keys; no server chose it.
   */
  code: string;
}
/**
 * ErrorData is the data member of a JSON-RPC error.
 *
 * This interface was referenced by `Bridge`'s JSON-Schema
 * via the `definition` "ErrorData".
 */
export interface ErrorData {
  code: Code;
  /**
   * TriesLeft is set with pin_incorrect where the token tells it.
   */
  triesLeft?: number;
}
