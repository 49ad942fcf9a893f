/**
 * How the popup learns which website a tab shows, without a permission to read tabs: it asks the tab's content
 * script, which only the CA's pages have, and takes the origin from the browser, as the sender of the answer.
 */
import { object, oneOf } from "./parse.ts";

/** Popup to content script. */
export const where = object<{ type: "odnowa.where" }>({ type: oneOf(["odnowa.where"]) });

/** Content script to popup; the message says nothing, its sender does. */
export const here = object<{ type: "odnowa.here" }>({ type: oneOf(["odnowa.here"]) });

export function is(message: unknown, parse: (value: unknown) => unknown): boolean {
  try {
    parse(message);
    return true;
  } catch {
    return false;
  }
}
