import { Agent } from "../bridge/agent.ts";
import type { Language } from "../bridge/messages.ts";
import { elementName } from "../bridge/page.ts";
import { adoptLook } from "../look/stylesheet.ts";
import { Portal } from "../portal/portal.ts";
import { languageOf } from "../texts/texts.ts";
import { begin, listen } from "../wizard/actions.ts";
import { backAtCards } from "../wizard/cards.ts";
import { ScreenView } from "../wizard/view.ts";
import { Wizard } from "../wizard/wizard.ts";
import type { Host } from "../wizard/wizard.ts";
import { openPairing } from "./pairing-dialog.ts";
import { workerTransport } from "./worker-transport.ts";

const storedKey = "odnowa.wizard";
const languageKey = "odnowa.language";
let running: { wizard: Wizard; done: () => void } | undefined;

/** Whether the wizard was open in this tab before the page was loaded anew. */
export function wasOpen(): boolean {
  return sessionStorage.getItem(storedKey) === "open";
}

/** Tells of each screen by its name, once it is at rest. */
class ToldView extends ScreenView {
  #last: string | undefined;

  constructor(
    root: ShadowRoot,
    private readonly step: (name: string) => void,
  ) {
    super(root);
  }

  override draw(wizard: Wizard): void {
    super.draw(wizard);
    if (!wizard.busy && wizard.screen !== this.#last) this.step((this.#last = wizard.screen));
  }
}

/**
 * Puts the wizard on the page; false where the page has no <odnowa-renewal>.
 *
 * The wizard gets a host of its own inside the element, with a closed shadow root, which the SDK's
 * styles and versions don't touch. Closed, so that what walks the page's tree (analytics, session
 * recording, other extensions' page scripts) does not read names and addresses by the way. It is no
 * wall against the CA's own scripts: they share the origin and could ask the portal themselves. What
 * gets signed is decided by the CA's seal and in the agent's window, which no page reaches.
 */
export function openWizard(done: () => void, step: (name: string) => void): boolean {
  // Of several elements the one whose button was pressed, which says so by this attribute.
  const element = document.querySelector(`${elementName}[opening]`) ?? document.querySelector(elementName);
  if (!element) return false;
  const resume = wasOpen();
  closeWizard();
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: ODNOWA_TEST_ONLY_OPEN_SHADOW ? "open" : "closed" });
  adoptLook(root);
  (element.shadowRoot ?? element).append(host);
  const language = chosenLanguage(element);
  const view = new ToldView(root, step);
  const wizard = new Wizard(language, new Portal(location.origin), new Agent(workerTransport, language), view, pageHost(element, root));
  const back = () => {
    if (document.visibilityState === "visible") backAtCards(wizard);
  };
  document.addEventListener("visibilitychange", back);
  window.addEventListener("focus", back);
  running = {
    wizard,
    done: () => {
      document.removeEventListener("visibilitychange", back);
      window.removeEventListener("focus", back);
      view.end();
      host.remove();
      done();
    },
  };
  sessionStorage.setItem(storedKey, "open");
  listen(wizard);
  void begin(wizard, resume);
  return true;
}

/** What was chosen in this tab, else the page's own. */
function chosenLanguage(element: Element): Language {
  const chosen = sessionStorage.getItem(languageKey);
  return chosen === "pl" || chosen === "en" ? chosen : languageOf(element);
}

function pageHost(element: Element, root: ShadowRoot): Host {
  return {
    closed: closeWizard,
    pair: () => openPairing(chosenLanguage(element)),
    reload: () => location.reload(),
    print: () => window.print(),
    speak: (language) => sessionStorage.setItem(languageKey, language),
    copy: (text) => navigator.clipboard.writeText(text),
    save: (name, mediaType, content) => save(root, name, new Blob([content], { type: mediaType })),
    installUrl: webAddress(element.getAttribute("install-url")),
  };
}

/** The page's address of its install guide, where it is one for people. */
function webAddress(address: string | null): string | undefined {
  if (address === null || !URL.canParse(address, location.href)) return undefined;
  const { protocol, href } = new URL(address, location.href);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}

/** How long a browser may take to read what it saves. */
const savedMs = 60_000;

function save(root: ShadowRoot, name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.hidden = true;
  root.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), savedMs);
}

function closeWizard(): void {
  const ended = running;
  running = undefined;
  sessionStorage.removeItem(storedKey);
  if (ended) sessionStorage.removeItem(languageKey);
  ended?.wizard.stop();
  ended?.done();
}
