// Generated from protocol/renewal/openapi.yaml by generate.mjs.

export interface paths {
    "/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the page needs before a renewal is opened */
        get: operations["getPortal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The session's renewal */
        get: operations["getRenewal"];
        put?: never;
        /**
         * Open a renewal with a code, or go on with one
         * @description Sets the session cookie, anew for each browser session: `HttpOnly`, `SameSite=Strict`, `Path=/`, without
         *     `Domain`, and `Secure` but on loopback names. The browser session that already carries this code's renewal goes on
         *     where it was. Another browser session gets the renewal back at `opened`: an application that was
         *     drawn up or signed is withdrawn, and a phone enrolled from it is void.
         *     Tries are limited for each client address and overall; `code_tries_exceeded` says when to come back
         *     in `Retry-After`.
         */
        post: operations["openRenewal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/application": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Step 5: have the application drawn up and sealed (certificate_chosen) */
        post: operations["drawUpApplication"];
        /** Withdraw the application, back to `opened` under the same code (any state before confirmed) */
        delete: operations["withdrawApplication"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/application.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The application, signed when it is signed (application_drawn_up and later) */
        get: operations["getApplicationPDF"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/application/qr.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The signed application's QR code as a picture (application_signed and later) */
        get: operations["getApplicationQR"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/application/signature": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Step 6: the agent's CMS over the application (terms_accepted)
         * @description Verified against the bytes that the portal kept, time-stamped, inserted (PAdES B-T).
         */
        put: operations["signApplication"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/application/signing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What to hand to the agent for the application (terms_accepted) */
        get: operations["getApplicationSigning"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/certificate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Step 4: the certificate that will sign (start_chosen, certificate_chosen)
         * @description The portal checks it with the CA: issued by it, valid, not revoked, non-repudiation, qualified, on a
         *     device whose certification has not ended, and registered as identified in a way that may carry a
         *     renewal (eIDAS Art. 24(1a)(b)). The new certificate is linted already. When somebody has signed an
         *     application under this code, another person's certificate is `certificate_other_person`.
         */
        put: operations["setCertificate"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/certificate.pem": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The new certificate and its chain (issued) */
        get: operations["getCertificate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/computer-offer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Step 12: what the agent activates rSign on this computer with (issued)
         * @description The offer leads to the phone of this certificate: no other finds the computer by its code. It is
         *     good for one registration, within 15 minutes.
         */
        post: operations["offerComputer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Step 10: have the confirmation drawn up and sealed (contact_given)
         * @description When the issuer no longer takes the application, because too much time has passed since it was drawn
         *     up, the answer is `application_expired` and the renewal is back at `opened`.
         */
        post: operations["drawUpConfirmation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/confirmation.p7s": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The detached signature over the confirmation (confirmed and later) */
        get: operations["getConfirmationSignature"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/confirmation.txt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The confirmation's text (confirmation_drawn_up and later) */
        get: operations["getConfirmation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/confirmation/signature": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Step 10: the agent's CMS over the confirmation; issues the certificate (confirmation_drawn_up)
         * @description When the issuer can't be reached the signature is kept, the state is `confirmed` or `issuing`, the
         *     answer 503 `issuer_unavailable`, and `POST /renewal/issue` tries again; so does the portal by itself.
         *     When the issuer refuses for good the answer is its code and the renewal is back at `opened`.
         */
        put: operations["signConfirmation"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/confirmation/signing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What to hand to the agent for the confirmation (confirmation_drawn_up) */
        get: operations["getConfirmationSigning"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/contact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Step 9: contact data (application_signed with the phone ready, contact_given, confirmation_drawn_up) */
        put: operations["setContact"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Server-sent events, one `renewal` event with the whole renewal at once and after each change
         * @description Each event's id is the renewal's version. While the phone is being enrolled the portal watches the
         *     SAM for the client, so nobody needs to poll. A comment line is sent every 20 s.
         */
        get: operations["watchRenewal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/issue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Step 11: issue, once (confirmed, issuing, issued) */
        post: operations["issue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forget the session on this browser; the renewal stays and can be opened again with the code
         * @description The session is over on the server, too. Without a session the answer is the same.
         */
        post: operations["leaveRenewal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Step 3: when validity starts (opened, start_chosen, certificate_chosen) */
        put: operations["setStart"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/renewal/terms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Step 5: accept terms and privacy notice in the versions shown (application_drawn_up) */
        put: operations["acceptTerms"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AcceptTerms: {
            privacy: string;
            /** @description Version that was shown */
            terms: string;
        };
        /**
         * @description Clients decide by the code. Its HTTP status is 400 for `invalid_request`, 401 for `no_session`, 403 for
         *     `origin_not_allowed`, 409 for `wrong_state`, `terms_changed`, `phone_not_ready` and `phone_changed`, 429 for
         *     `code_tries_exceeded`, 500 for `internal`, 503 for those that end in `_unavailable`, and 422 for all others.
         * @enum {string}
         */
        Code: "internal" | "invalid_request" | "origin_not_allowed" | "no_session" | "wrong_state" | "code_malformed" | "code_unknown" | "code_expired" | "code_used" | "code_other_product" | "code_tries_exceeded" | "start_too_late" | "certificate_malformed" | "certificate_other_ca" | "certificate_expired" | "certificate_not_yet_valid" | "certificate_revoked" | "certificate_key_usage" | "certificate_not_qualified" | "certificate_device_withdrawn" | "certificate_other_person" | "identity_required" | "lint_failed" | "terms_changed" | "signature_malformed" | "signature_other_certificate" | "signature_other_document" | "signature_invalid" | "phone_not_ready" | "phone_changed" | "email_invalid" | "phone_invalid" | "issuer_unavailable" | "sam_unavailable" | "timestamp_unavailable" | "application_expired";
        ComputerOffer: {
            /** @description Opaque; handed to the agent as rsign.activate's offer */
            offer: string;
        };
        Contact: {
            email: string;
            /** @description E.164; nine digits are taken as Polish */
            phone: string;
        };
        DrawUp: {
            /** @enum {string} */
            language: "pl" | "en";
        };
        LegalText: {
            /** @description lower-case hexadecimal */
            sha256: string;
            url: string;
            version: string;
        };
        OldCertificate: {
            /** @description lower-case hexadecimal SHA-256 */
            id: string;
            /** @description common name */
            issuer: string;
            /** @description hexadecimal */
            serialNumber: string;
            subject: components["schemas"]["Subject"];
            validity: components["schemas"]["Validity"];
        };
        OpenRenewal: {
            /** @description As typed; spaces, dashes and case don't count */
            code: string;
        };
        Portal: {
            /** @description DER of the Names of the CAs whose certificates can be renewed */
            issuers: string[];
            /** @description The CA's name as people know it */
            name: string;
            origin: string;
            /** @description Where the phone app is found */
            phoneApp: string;
            privacy: components["schemas"]["LegalText"];
            /** @enum {string} */
            signing: "open" | "closed";
            support: components["schemas"]["Support"];
            terms: components["schemas"]["LegalText"];
            /** @description A sandbox; the page must say so */
            test: boolean;
        };
        Problem: {
            code: components["schemas"]["Code"];
            /** @description The member of the request that is wrong */
            field?: string;
            state?: components["schemas"]["State"];
            status: number;
            /** @description One English sentence for developers */
            title: string;
            /** @enum {string} */
            type: "about:blank";
        };
        Renewal: {
            application?: {
                /** @description What the QR code says; from application_signed until issued */
                enrolmentUrl?: string;
                number: string;
                /** Format: date-time */
                signedAt?: string;
            };
            certificate?: components["schemas"]["OldCertificate"];
            /** Format: date-time */
            codeExpires: string;
            /** Format: date-time */
            confirmedAt?: string;
            contact?: components["schemas"]["Contact"];
            issued?: {
                /** @description common name */
                issuer: string;
                /** @description hexadecimal */
                serialNumber: string;
                /** @description lower-case hexadecimal */
                sha256: string;
                validity: components["schemas"]["Validity"];
            };
            /**
             * Format: date-time
             * @description The latest that validity may start
             */
            latestStart: string;
            /** @description Always true: eIDAS Art. 24(1a)(b) */
            nextNeedsIdentification: boolean;
            offer: {
                /** @enum {integer} */
                months: 12 | 24 | 36;
                /** @enum {string} */
                target: "cloud";
            };
            phone?: {
                /** @description From ready on */
                code?: string;
                /** @enum {string} */
                state: "waiting" | "scanned" | "ready" | "active";
            };
            start?: components["schemas"]["Start"];
            state: components["schemas"]["State"];
            validity?: components["schemas"]["Validity"];
            /**
             * Format: int64
             * @description Grows with each change
             */
            version: number;
        };
        SetCertificate: {
            /**
             * Format: byte
             * @description DER
             */
            certificate: string;
        };
        SetStart: {
            start: components["schemas"]["Start"];
        };
        Signature: {
            /**
             * Format: byte
             * @description DER of the detached CMS
             */
            cms: string;
        };
        Signing: {
            /** @description lower-case hexadecimal SHA-256 of the certificate, as the bridge names it */
            certificateId: string;
            document: {
                /** Format: byte */
                bytes: string;
                mediaType: string;
                name: string;
            };
            /** @enum {string} */
            format: "pades" | "cades";
            seal: string;
        };
        /** @enum {string} */
        Start: "now" | "after_current";
        /** @enum {string} */
        State: "opened" | "start_chosen" | "certificate_chosen" | "application_drawn_up" | "terms_accepted" | "application_signed" | "contact_given" | "confirmation_drawn_up" | "confirmed" | "issuing" | "issued";
        Subject: {
            commonName: string;
            country: string;
            givenName?: string;
            /** @description EN 319 412-1 5.1.3, such as PNOPL-... */
            serialNumber?: string;
            surname?: string;
        };
        Support: {
            email: string;
            phone: string;
        };
        Validity: {
            /** Format: date-time */
            notAfter: string;
            /** Format: date-time */
            notBefore: string;
        };
    };
    responses: {
        /** @description The offer */
        ComputerOffer: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ComputerOffer"];
            };
        };
        /** @description What happened, as a code */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The renewal after the operation */
        Renewal: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Renewal"];
            };
        };
        /** @description A document, its seal, and how to sign it */
        Signing: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Signing"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getPortal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The portal */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portal"];
                };
            };
        };
    };
    getRenewal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    openRenewal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenRenewal"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    drawUpApplication: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DrawUp"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    withdrawApplication: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    getApplicationPDF: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The PDF */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getApplicationQR: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signApplication: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signature"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    getApplicationSigning: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Signing"];
            default: components["responses"]["Problem"];
        };
    };
    setCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetCertificate"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    getCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description PEM */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-pem-file": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    offerComputer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["ComputerOffer"];
            default: components["responses"]["Problem"];
        };
    };
    drawUpConfirmation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    getConfirmationSignature: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CMS */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/pkcs7-signature": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getConfirmation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signConfirmation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signature"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    getConfirmationSigning: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Signing"];
            default: components["responses"]["Problem"];
        };
    };
    setContact: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Contact"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    watchRenewal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    issue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    leaveRenewal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Left */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    setStart: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetStart"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
    acceptTerms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcceptTerms"];
            };
        };
        responses: {
            200: components["responses"]["Renewal"];
            default: components["responses"]["Problem"];
        };
    };
}
type FlattenedDeepRequired<T> = {
    [K in keyof T]-?: FlattenedDeepRequired<T[K] extends unknown[] | undefined | null ? Extract<T[K], unknown[]>[number] : T[K]>;
};
type ReadonlyArray<T> = [
    Exclude<T, undefined>
] extends [
    unknown[]
] ? Readonly<Exclude<T, undefined>> : Readonly<Exclude<T, undefined>[]>;
export const codeValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Code"]> = ["internal", "invalid_request", "origin_not_allowed", "no_session", "wrong_state", "code_malformed", "code_unknown", "code_expired", "code_used", "code_other_product", "code_tries_exceeded", "start_too_late", "certificate_malformed", "certificate_other_ca", "certificate_expired", "certificate_not_yet_valid", "certificate_revoked", "certificate_key_usage", "certificate_not_qualified", "certificate_device_withdrawn", "certificate_other_person", "identity_required", "lint_failed", "terms_changed", "signature_malformed", "signature_other_certificate", "signature_other_document", "signature_invalid", "phone_not_ready", "phone_changed", "email_invalid", "phone_invalid", "issuer_unavailable", "sam_unavailable", "timestamp_unavailable", "application_expired"];
export const drawUpLanguageValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["DrawUp"]["language"]> = ["pl", "en"];
export const portalSigningValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Portal"]["signing"]> = ["open", "closed"];
export const problemTypeValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Problem"]["type"]> = ["about:blank"];
export const renewalOfferMonthsValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Renewal"]["offer"]["months"]> = [12, 24, 36];
export const renewalOfferTargetValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Renewal"]["offer"]["target"]> = ["cloud"];
export const renewalPhoneStateValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Renewal"]["phone"]["state"]> = ["waiting", "scanned", "ready", "active"];
export const signingFormatValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Signing"]["format"]> = ["pades", "cades"];
export const startValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["Start"]> = ["now", "after_current"];
export const stateValues: ReadonlyArray<FlattenedDeepRequired<components>["schemas"]["State"]> = ["opened", "start_chosen", "certificate_chosen", "application_drawn_up", "terms_accepted", "application_signed", "contact_given", "confirmation_drawn_up", "confirmed", "issuing", "issued"];
