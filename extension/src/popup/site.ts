import { here, is } from "../bridge/where.ts";
import { callerOrigin } from "../worker/origins.ts";

/** How long the content script of a tab may take. */
const answerMs = 500;

/** The CA's website in the tab in front, else in another tab, as the browser says; undefined where there is none. */
export async function openSite(listed: readonly string[]): Promise<{ origin: string; inFront: boolean } | undefined> {
  const [front] = await chrome.tabs.query({ active: true, currentWindow: true });
  const others = await chrome.tabs.query({});
  for (const tab of [front, ...others]) {
    const origin = tab?.id === undefined ? undefined : await originOf(tab.id, listed);
    if (origin !== undefined) return { origin, inFront: tab?.id === front?.id };
  }
  return undefined;
}

/** Asks a tab's content script; tabs without one refuse the message at once. */
function originOf(tab: number, listed: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (origin?: string) => {
      chrome.runtime.onMessage.removeListener(heard);
      resolve(origin);
    };
    const heard = (message: unknown, sender: chrome.runtime.MessageSender) => {
      if (sender.tab?.id === tab && is(message, here)) done(callerOrigin(sender, chrome.runtime.id, listed));
    };
    chrome.runtime.onMessage.addListener(heard);
    chrome.tabs.sendMessage(tab, { type: "odnowa.where" }).catch(() => done());
    setTimeout(done, answerMs);
  });
}
