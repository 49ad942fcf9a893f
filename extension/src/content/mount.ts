import { Agent } from "../bridge/agent.ts";
import { elementName } from "../bridge/page.ts";
import { adoptLook } from "../look/stylesheet.ts";
import { Portal } from "../portal/portal.ts";
import { languageOf } from "../texts/texts.ts";
import { begin, listen } from "../wizard/actions.ts";
import { ScreenView } from "../wizard/view.ts";
import { Wizard } from "../wizard/wizard.ts";
import { openPairing } from "./pairing-dialog.ts";
import { workerTransport } from "./worker-transport.ts";

const storedKey = "odnowa.wizard";
let running: { wizard: Wizard; done: () => void } | undefined;

/** Whether the wizard was open in this tab before the page was loaded anew. */
export function wasOpen(): boolean {
  return sessionStorage.getItem(storedKey) === "open";
}

/** Tells of each screen by its name. */
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
    if (wizard.screen !== this.#last) this.step((this.#last = wizard.screen));
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
  const language = languageOf(element);
  const agent = new Agent(workerTransport, language);
  const wizard = new Wizard(language, new Portal(location.origin), agent, new ToldView(root, step), closeWizard, openPairing);
  running = {
    wizard,
    done: () => {
      host.remove();
      done();
    },
  };
  sessionStorage.setItem(storedKey, "open");
  listen(wizard);
  void begin(wizard, resume);
  return true;
}

function closeWizard(): void {
  const ended = running;
  running = undefined;
  sessionStorage.removeItem(storedKey);
  ended?.wizard.stop();
  ended?.done();
}
