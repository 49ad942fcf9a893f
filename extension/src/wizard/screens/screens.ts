import type { TemplateResult } from "lit-html";
import type { Screen } from "../steps.ts";
import type { Wizard } from "../wizard.ts";
import { activate } from "./activate.ts";
import { application, withdraw } from "./application.ts";
import { certificate } from "./certificate.ts";
import { code } from "./code.ts";
import { contact } from "./contact.ts";
import { issued } from "./issued.ts";
import { leaving } from "./leaving.ts";
import { offer } from "./offer.ts";
import { phone } from "./phone.ts";
import { issuing, review } from "./review.ts";
import { sign } from "./sign.ts";
import { signed } from "./signed.ts";
import { start, unavailable } from "./start.ts";
import { validity } from "./validity.ts";

/** How each screen looks. */
export const screens: Record<Screen, (w: Wizard) => TemplateResult> = {
  unavailable, start, code, offer, validity, certificate, application, withdraw, sign, signed, phone, contact, review,
  issuing, issued, activate, leaving,
};
