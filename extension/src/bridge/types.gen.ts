// The messages of protocol/bridge.

export type Code =
  | "internal" | "invalid_request" | "unknown_method" | "version_unsupported" | "origin_not_allowed" | "not_paired"
  | "pairing_refused" | "service_stopped" | "no_session" | "busy" | "rate_limited" | "timeout" | "user_cancelled"
  | "request_cancelled" | "no_module" | "module_failed" | "no_reader" | "no_card" | "card_removed" | "no_certificate"
  | "certificate_unknown" | "pin_incorrect" | "pin_locked" | "pin_length" | "seal_missing" | "seal_invalid"
  | "seal_expired" | "document_refused" | "document_too_large" | "window_unavailable" | "signing_failed" | "codes_differ";
export type CheckState = "ok" | "warning" | "failed" | "unknown";
export type Format = "pades" | "cades";
export type PINState = "ok" | "low" | "final" | "locked";
export type ProgressState = "waiting_for_card" | "waiting_for_pin" | "waiting_for_phone" | "signing";
export type Reason = "key_usage" | "expired" | "not_yet_valid" | "issuer" | "no_private_key" | "key_type";
export type Source = "card" | "rsign";

export interface Client { name: string; version: string }
export interface HelloResult { agent: Client; version: number; features: string[]; limits: Limits }
export interface Limits { documentBytes: number; windowMs: number }
export interface Check { id: string; state: CheckState; code?: Code; cause?: string; cure?: string }
export interface DiagnoseResult { checks: Check[] }
export interface Filter { nonRepudiation?: boolean; valid?: boolean; issuers?: string[] }
export interface Certificate {
  id: string; der: string; chain: string[]; source: Source; token: string; reader: string; keyType: string;
  keyBits: number; algorithms: string[]; keyUsage: string[]; pin: PINState; pinPad: boolean;
}
export interface Refused { reason: Reason; reader: string }
export interface Module { name: string; code?: Code }
export interface ListResult { certificates: Certificate[]; refused: Refused[]; modules: Module[] }
export interface Document { name: string; mediaType: string; bytes: string }
export interface SignResult { cms: string; algorithm: string; shown: string[] }
export interface CancelResult { cancelled: boolean }
export interface Progress { requestId: string; state: ProgressState }
export interface ErrorData { code: Code; triesLeft?: number }
