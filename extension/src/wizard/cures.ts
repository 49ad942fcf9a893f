/** What cures a failure: one button or link for each code, beside the words of `texts/codes.*`. */
import { html, nothing } from "lit-html";
import type { SourcedCode } from "../bridge/codes.ts";
import { pairBrowser, visit } from "./actions.ts";
import type { Part } from "./parts.ts";
import type { Wizard } from "./wizard.ts";

/** `retry` does the screen's own step again; `here` is cured on the screen itself, where the words say. */
export type Remedy = "retry" | "reload" | "install" | "pair" | "support" | "validity" | "here";

type Remedies = { [S in SourcedCode["source"]]: Record<Extract<SourcedCode, { source: S }>["code"], Remedy> };

const remedies: Remedies = {
  agent: {
    internal: "retry", invalid_request: "install", unknown_method: "install", version_unsupported: "install",
    origin_not_allowed: "support", not_paired: "pair", pairing_refused: "pair", service_stopped: "retry", no_session: "retry",
    busy: "retry", rate_limited: "retry", timeout: "retry", user_cancelled: "here", request_cancelled: "here",
    no_module: "support", module_failed: "retry", no_reader: "retry", no_card: "retry", card_removed: "retry",
    no_certificate: "retry", certificate_unknown: "retry", pin_incorrect: "retry", pin_locked: "support", pin_length: "retry",
    seal_missing: "reload", seal_invalid: "support", seal_expired: "retry", document_refused: "support",
    document_too_large: "support", window_unavailable: "retry", signing_failed: "retry", codes_differ: "here",
    rsign_unavailable: "retry", rsign_refused: "retry", rsign_expired: "retry", rsign_locked: "support", rsign_busy: "retry",
    pcsc_stopped: "retry", module_missing: "support", module_refused: "support", module_slow: "retry", policy_invalid: "retry",
    host_not_registered: "install", audit_failed: "retry",
  },
  portal: {
    internal: "retry", invalid_request: "reload", origin_not_allowed: "support", no_session: "here", wrong_state: "here",
    code_malformed: "here", code_unknown: "here", code_expired: "support", code_used: "support", code_other_product: "support",
    code_tries_exceeded: "support", start_too_late: "validity", certificate_malformed: "support", certificate_other_ca: "support",
    certificate_expired: "support", certificate_not_yet_valid: "here", certificate_revoked: "support",
    certificate_key_usage: "here", certificate_not_qualified: "here", certificate_device_withdrawn: "support",
    certificate_other_person: "here", identity_required: "support", lint_failed: "support", terms_changed: "reload",
    signature_malformed: "install", signature_other_certificate: "retry", signature_other_document: "reload",
    signature_invalid: "retry", phone_not_ready: "here", phone_changed: "here", email_invalid: "here", phone_invalid: "here",
    issuer_unavailable: "retry", sam_unavailable: "retry", timestamp_unavailable: "retry", application_expired: "here",
  },
  extension: {
    extension_missing: "install", extension_outdated: "install", extension_reloaded: "reload", page_not_listed: "support",
    agent_missing: "install", agent_forbidden: "install", agent_blocked: "retry", agent_crashed: "retry",
    agent_unreachable: "retry", agent_silent: "retry", agent_unexpected: "install", portal_unreachable: "retry",
    portal_unexpected: "reload", agent_impostor: "retry", browser_unsupported: "support", browser_outdated: "support",
    extension_disabled: "install", agent_outdated: "install",
  },
};

/** What cures this; `here` for a field without an answer. */
export function remedyFor(source: SourcedCode["source"] | undefined, code: string | undefined): Remedy {
  const known: Partial<Record<string, Remedy>> = source ? remedies[source] : {};
  return (code && known[code]) || "here";
}

/** The button or link for a failure. `again` is what "try again" does: a function, or the form's own button. */
export function cure(w: Wizard, remedy: Remedy, code: string | undefined, again: (() => unknown) | "submit"): Part {
  const t = w.t.cures;
  const button = (label: string, act: () => unknown) =>
    html`<button type="button" class="button small" data-testid=${remedy === "pair" ? "pair" : `cure-${remedy}`} @click=${act}>${label}</button>`;
  const link = (label: string, href: string, target: string | typeof nothing) =>
    html`<a class="button small" href=${href} target=${target} rel="noopener" data-testid="cure-${remedy}">${label}</a>`;
  switch (remedy) {
    case "retry":
      return again === "submit"
        ? html`<button type="submit" class="button small" data-testid="cure-retry">${w.t.retry}</button>`
        : button(w.t.retry, again);
    case "reload":
      return button(t.reload, () => w.host.reload());
    case "pair":
      return button(w.t.pairing.open, () => pairBrowser(w));
    case "validity":
      return button(t.validity, () => visit(w, "validity"));
    case "install":
      return w.host.installUrl ? link(t.install, w.host.installUrl, "_blank") : button(t.reload, () => w.host.reload());
    case "support":
      return w.info ? link(t.support, `mailto:${w.info.support.email}?subject=${encodeURIComponent(`Odnowa: ${code}`)}`, nothing) : nothing;
    case "here":
      return nothing;
  }
}
