import { extensionError, portalError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { Parser } from "../bridge/parse.ts";
import type { Language } from "../bridge/messages.ts";
import * as read from "./parse.ts";
import type { Contact, PortalInfo, Renewal, SigningOrder, Start } from "./parse.ts";

const timeoutMs = 60_000; // the issuer and a time-stamp may stand behind an answer

/**
 * The portal's HTTP contract (protocol/renewal/openapi.yaml), asked from the page's own origin with the
 * session's cookie. Every operation answers with the renewal after it or fails with an OdnowaError.
 */
export class Portal {
  readonly #base: string;

  constructor(readonly origin: string) {
    this.#base = `${origin}/api/v1`;
  }

  info = (): Promise<PortalInfo> => this.#ask("GET", "/portal", read.portalInfo);
  renewal = (): Promise<Renewal> => this.#renewal("GET", "/renewal");
  open = (code: string): Promise<Renewal> => this.#renewal("POST", "/renewal", { code });
  setStart = (start: Start): Promise<Renewal> => this.#renewal("PUT", "/renewal/start", { start });
  /** `certificate` is base64 of the DER. */
  setCertificate = (certificate: string): Promise<Renewal> =>
    this.#renewal("PUT", "/renewal/certificate", { certificate });
  drawUp = (language: Language): Promise<Renewal> => this.#renewal("POST", "/renewal/application", { language });
  withdraw = (): Promise<Renewal> => this.#renewal("DELETE", "/renewal/application");
  /** Accepts the versions that were shown. */
  accept = (terms: string, privacy: string): Promise<Renewal> =>
    this.#renewal("PUT", "/renewal/terms", { terms, privacy });
  applicationSigning = (): Promise<SigningOrder> =>
    this.#ask("GET", "/renewal/application/signing", read.signingOrder);
  signApplication = (cms: string): Promise<Renewal> => this.#renewal("PUT", "/renewal/application/signature", { cms });
  setContact = (contact: Contact): Promise<Renewal> => this.#renewal("PUT", "/renewal/contact", contact);
  confirm = (): Promise<Renewal> => this.#renewal("POST", "/renewal/confirmation");
  confirmationSigning = (): Promise<SigningOrder> =>
    this.#ask("GET", "/renewal/confirmation/signing", read.signingOrder);
  signConfirmation = (cms: string): Promise<Renewal> =>
    this.#renewal("PUT", "/renewal/confirmation/signature", { cms });
  issue = (): Promise<Renewal> => this.#renewal("POST", "/renewal/issue");

  /** What the agent activates rSign with, so that only the phone of the issued certificate finds this computer. */
  async computerOffer(): Promise<string> {
    return (await this.#ask("POST", "/renewal/computer-offer", read.computerOffer)).offer;
  }

  async leave(): Promise<void> {
    await this.#fetch("POST", "/renewal/leave");
  }

  /** The address of a document: application.pdf, confirmation.txt, certificate.pem ... */
  address(document: string): string {
    return `${this.#base}/renewal/${document}`;
  }

  #renewal(method: string, path: string, body?: object): Promise<Renewal> {
    return this.#ask(method, path, read.renewal, body);
  }

  async #ask<T>(method: string, path: string, parse: Parser<T>, body?: object): Promise<T> {
    const response = await this.#fetch(method, path, body);
    try {
      return parse(await response.json(), path);
    } catch {
      throw extensionError("portal_unexpected");
    }
  }

  async #fetch(method: string, path: string, body?: object): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
      });
    } catch {
      throw extensionError("portal_unreachable");
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

/** What stands before a portal says this where the portal does not answer; it has no problem document. */
const gateway: ReadonlySet<number> = new Set([502, 503, 504]);

async function refusal(response: Response): Promise<OdnowaError> {
  try {
    const { code, field } = read.problem(await response.json());
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return portalError(code, {
      ...(field !== undefined && { field }),
      ...(seconds > 0 && { retryAfterSeconds: seconds }),
    });
  } catch {
    return extensionError(gateway.has(response.status) ? "portal_unreachable" : "portal_unexpected");
  }
}
