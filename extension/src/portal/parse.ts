/** The portal's answers, read once. Types come from protocol/renewal/openapi.yaml. */
import {
  array, base64, boolean, integer, matching, object, oneOf, oneOfOr, optional, string, time,
} from "../bridge/parse.ts";
import {
  codeValues, portalSigningValues, renewalOfferMonthsValues, renewalOfferTargetValues, renewalPhoneStateValues,
  signingFormatValues, startValues, stateValues,
} from "./api.gen.ts";
import type { components } from "./api.gen.ts";

type Schemas = components["schemas"];
export type PortalInfo = Schemas["Portal"];
export type Renewal = Schemas["Renewal"];
export type State = Schemas["State"];
export type Start = Schemas["Start"];
export type Validity = Schemas["Validity"];
export type OldCertificate = Schemas["OldCertificate"];
export type Contact = Schemas["Contact"];
export type SigningOrder = Schemas["Signing"];
export type Problem = Pick<Schemas["Problem"], "code" | "field" | "state">;

const sha256 = matching(/^[0-9a-f]{64}$/);
const hexadecimal = matching(/^[0-9a-fA-F:]+$/);

/** Links go into the page: only to web addresses. */
const webAddress = matching(/^(https?:\/\/|\/)/);

const legalText = object<Schemas["LegalText"]>({ version: string, url: webAddress, sha256 });
const validity = object<Validity>({ notBefore: time, notAfter: time });
const contact = object<Contact>({ email: string, phone: string });

export const portalInfo = object<PortalInfo>({
  name: string,
  test: boolean,
  origin: string,
  issuers: array(base64),
  terms: legalText,
  privacy: legalText,
  support: object<Schemas["Support"]>({ email: string, phone: string }),
  phoneApp: webAddress,
  signing: oneOf(portalSigningValues),
});

export const renewal = object<Renewal>({
  version: integer,
  state: oneOf(stateValues),
  offer: object<Renewal["offer"]>({ months: oneOf(renewalOfferMonthsValues), target: oneOf(renewalOfferTargetValues) }),
  codeExpires: time,
  latestStart: time,
  nextNeedsIdentification: boolean,
  start: optional(oneOf(startValues)),
  certificate: optional(
    object<OldCertificate>({
      id: sha256,
      serialNumber: hexadecimal,
      issuer: string,
      subject: object<Schemas["Subject"]>({
        commonName: string,
        givenName: optional(string),
        surname: optional(string),
        serialNumber: optional(string),
        country: string,
      }),
      validity,
    }),
  ),
  validity: optional(validity),
  application: optional(
    object<NonNullable<Renewal["application"]>>({
      number: string,
      signedAt: optional(time),
      enrolmentUrl: optional(webAddress),
    }),
  ),
  phone: optional(
    object<NonNullable<Renewal["phone"]>>({
      state: oneOf(renewalPhoneStateValues),
      code: optional(matching(/^[0-9]{6}$/)),
    }),
  ),
  contact: optional(contact),
  confirmedAt: optional(time),
  issued: optional(
    object<NonNullable<Renewal["issued"]>>({ serialNumber: hexadecimal, sha256, validity, issuer: string }),
  ),
});

export const signingOrder = object<SigningOrder>({
  certificateId: sha256,
  document: object<SigningOrder["document"]>({ name: string, mediaType: string, bytes: base64 }),
  format: oneOf(signingFormatValues),
  seal: string,
});

export const computerOffer = object<Schemas["ComputerOffer"]>({ offer: string });

export const problem = object<Problem>({
  code: oneOfOr(codeValues, "internal"),
  field: optional(string),
  state: optional(oneOf(stateValues)),
});
