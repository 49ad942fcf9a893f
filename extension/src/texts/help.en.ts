import type { Help } from "./help.pl.ts";

/** Answers to what people ask at a step, in English. */
export const helpEn: Help = {
  start: [
    "You get the renewal code after the purchase. Without it you can't start.",
    "A renewal takes about 15 minutes. You can stop at any time and come back with the same code.",
  ],
  code: [
    "The code is in the e-mail sent after the purchase, sometimes on the order confirmation, too. Look in the spam folder as well.",
    "A code works for 90 days and only once. None of us will ever ask you for it on the phone.",
  ],
  offer: [
    "In the cloud (rSign) means that you no longer need card or reader: you sign with your phone in your hand.",
    "If the period or the product is not what you bought, don't go on and contact us.",
  ],
  validity: [
    "“At once”: for some time both certificates work. Choose this unless you have a reason to wait.",
    "“When the current one ends”: you lose no day of validity, but until then you sign with the card.",
  ],
  certificate: [
    "Put the card into the reader, chip first, and wait some seconds. You need not reload the page.",
    "There are usually two certificates on a card. The one for signatures is renewed, not the one for logging in.",
    "Can't see the card? Take it out, put it in again, and if that doesn't help, connect the reader to another socket.",
  ],
  application: [
    "The application is a PDF document with your data. It opens in a new tab; nothing here gets lost.",
    "The data is that of the current certificate. If it has changed, for example your surname, don't sign and contact us.",
  ],
  sign: [
    "The PIN is the one you usually sign documents with. After some wrong ones the card locks.",
    "The window may have opened behind the browser. Look for the name Odnowa on the task bar.",
    "The website and the application number in the window must be the same as here. If they differ, cancel.",
  ],
  signed: [
    "The saved PDF file has your signature in it. A print does not replace the file.",
    "If you stop now: the QR code for the phone is in this file, too.",
  ],
  phone: [
    "The phone's camera and browser are all it takes. The phone must have a screen lock.",
    "You choose the PIN on the phone, and only you know it. Keep the recovery code in a safe place.",
    "Scan the QR code with your own phone. Don't send it to anybody.",
  ],
  contact: [
    "Give the address and number that you use every day. They don't become part of the certificate.",
    "The reminder before the certificate ends comes to this address.",
  ],
  review: [
    "Once it is signed, this data can't be changed any more.",
    "The six digits on the phone, here and in the Odnowa window must be the same. If they differ, somebody may have used another phone: don't sign.",
  ],
  issuing: ["You can close this tab. The certificate gets issued without you, and the rSign app on the phone shows it."],
  issued: [
    "You sign with the new certificate on every computer on which you activate rSign. Card and reader are not needed for it.",
    "The certificate file is no secret. You can send it when somebody asks for it.",
  ],
  activate: [
    "Once activated, this computer may ask for signatures. Nothing gets signed without the phone and its PIN.",
    "You can remove the computer on the phone at any time, for example when you give it away.",
  ],
};
