/** What helps a person beside the steps: the language, a report for support, the reminder. */
import { calendarEntry } from "./calendar.ts";
import { loadCards } from "./cards.ts";
import { supportReport, surroundings } from "./report.ts";
import type { AgentNow } from "./report.ts";
import type { Wizard } from "./wizard.ts";

/** Writes the report for support and copies it; where the browser refuses, the person copies it by hand. */
export async function copyReport(w: Wizard): Promise<void> {
  const text = supportReport(w, surroundings(), await agentNow(w));
  const copied = await w.host.copy(text).then(() => true, () => false);
  w.report = { text, copied };
  w.view.focus("report");
  w.draw();
}

/** A browser lets a page copy for five seconds after the click. */
const agentAnswersMs = 2000;

/** What the agent says of itself, where it answers soon. */
async function agentNow(w: Wizard): Promise<AgentNow> {
  const now: AgentNow = { checks: [] };
  const ask = async () => {
    now.version = (await w.agent.hello()).agent.version;
    now.checks = (await w.agent.diagnose()).checks;
  };
  await Promise.race([ask().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, agentAnswersMs))]);
  return now;
}

/** Switches between Polish and English. */
export function switchLanguage(w: Wizard): void {
  w.speak(w.language === "pl" ? "en" : "pl");
  if (w.screen === "certificate") void loadCards(w); // the agent tells of changes on a connection in the new language
}

/** Saves a calendar entry for the next renewal. */
export async function saveCalendar(w: Wizard): Promise<void> {
  const { info, renewal } = w;
  if (!info || !renewal?.issued) return;
  const { sha256, validity } = renewal.issued;
  const { support } = info;
  const { nextNeedsIdentification } = renewal;
  const origin = w.portal.origin;
  const entry = await calendarEntry({ language: w.language, notAfter: validity.notAfter, sha256, origin, support, nextNeedsIdentification });
  w.host.save(w.t.calendar.file, "text/calendar;charset=utf-8", entry);
}
