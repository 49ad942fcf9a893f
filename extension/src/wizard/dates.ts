import type { Language } from "../bridge/messages.ts";

/** Days and moments in the reader's own time zone. */
export class Dates {
  readonly #day: Intl.DateTimeFormat;
  readonly #moment: Intl.DateTimeFormat;

  constructor(language: Language) {
    const locale = language === "pl" ? "pl-PL" : "en-GB";
    this.#day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
    this.#moment = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
  }

  day(when: string | Date): string {
    return this.#day.format(new Date(when));
  }

  moment(when: string | Date): string {
    return this.#moment.format(new Date(when));
  }
}
