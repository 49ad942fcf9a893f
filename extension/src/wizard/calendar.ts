import { en } from "../texts/en.ts";
import { pl } from "../texts/pl.ts";
import type { Language } from "../bridge/messages.ts";
import { Dates } from "./dates.ts";

/** What the entry is about. */
export interface Reminder {
  language: Language;
  /** The new certificate: when it ends, and its SHA-256, which is not told. */
  notAfter: string;
  sha256: string;
  /** The website to renew on, and who helps there. */
  origin: string;
  support: { email: string; phone: string };
  nextNeedsIdentification: boolean;
}

/** Identification takes an appointment and papers, so the reminder comes two months before the end. */
export const reminderDays = 60;

const dayMs = 86_400_000;

/**
 * A calendar entry (RFC 5545) for the next renewal: one whole day, two months before the certificate ends,
 * with an alarm at nine. It says nothing of the person, as calendars are shared and live in clouds.
 */
export async function calendarEntry(reminder: Reminder, now = new Date()): Promise<string> {
  const { notAfter, origin, support, nextNeedsIdentification } = reminder;
  const t = (reminder.language === "pl" ? pl : en).calendar;
  const end = new Dates(reminder.language).day(notAfter);
  const start = new Date(new Date(notAfter).getTime() - reminderDays * dayMs);
  const details = [t.details(end), ...(nextNeedsIdentification ? [t.identification] : []), t.contact(support.phone, support.email)];
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    `PRODID:-//Odnowa//Odnowa ${ODNOWA_VERSION}//${reminder.language.toUpperCase()}`,
    "CALSCALE:GREGORIAN",
    "BEGIN:VEVENT",
    `UID:${await uid(reminder)}`,
    `DTSTAMP:${stamp(now)}`,
    `DTSTART;VALUE=DATE:${date(start)}`,
    `DTEND;VALUE=DATE:${date(new Date(start.getTime() + dayMs))}`,
    `SUMMARY:${escaped(t.summary)}`,
    `DESCRIPTION:${escaped(details.join("\n"))}`,
    `URL:${origin}/`,
    "TRANSP:TRANSPARENT",
    "CLASS:PRIVATE",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    `DESCRIPTION:${escaped(t.summary)}`,
    "TRIGGER;RELATED=START:PT9H",
    "END:VALARM",
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

/** The same for the same certificate, so that saving twice makes one entry; tells nothing of it. */
async function uid({ sha256, origin }: Reminder): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`odnowa calendar ${sha256}`));
  const hex = Array.from(new Uint8Array(hash).slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex}@${new URL(origin).hostname}`;
}

const stamp = (when: Date) => when.toISOString().replace(/[-:]|\.\d+/g, "");

/** The day in the person's own time zone: an entry for a whole day has none. */
function date(when: Date): string {
  const part = (value: number, digits: number) => value.toString().padStart(digits, "0");
  return part(when.getFullYear(), 4) + part(when.getMonth() + 1, 2) + part(when.getDate(), 2);
}

/** TEXT of RFC 5545 section 3.3.11. */
function escaped(text: string): string {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\r?\n/g, "\\n");
}

/** Lines of at most 75 octets (section 3.1), never cut within a character. */
function folded(line: string): string {
  const size = (text: string) => new TextEncoder().encode(text).length;
  let out = "";
  let length = 0;
  for (const char of line) {
    if (length + size(char) > 75) {
      out += "\r\n ";
      length = 1;
    }
    out += char;
    length += size(char);
  }
  return out;
}
