import type { Agent } from "../bridge/agent.ts";
import { asOdnowaError, OdnowaError } from "../bridge/error.ts";
import type { Language } from "../bridge/messages.ts";
import type { ActivationState, Certificate, ListResult, ProgressState } from "../bridge/types.gen.ts";
import type { PortalInfo, Renewal, Start } from "../portal/parse.ts";
import type { Portal } from "../portal/portal.ts";
import { Watch } from "../portal/watch.ts";
import { en } from "../texts/en.ts";
import { pl } from "../texts/pl.ts";
import type { Texts } from "../texts/pl.ts";
import { adviceFor } from "../texts/texts.ts";
import { Dates } from "./dates.ts";
import { screenFor } from "./steps.ts";
import type { Screen } from "./steps.ts";

/** A field that an error can lead to. */
export type Field = keyof Texts["missing"];

/** Something to tell at the top of the screen, and at the field where there is one. */
export interface Failure {
  tone: "error" | "notice";
  title: string;
  cure?: string;
  /** Small, for support. */
  code?: string;
  field?: Field;
}

/** What was typed and chosen; kept until the wizard closes. */
export interface Form {
  code: string;
  start?: Start;
  certificateId?: string;
  accepted: boolean;
  email: string;
  phone: string;
}

/** A signature that waits for the agent's window. */
export interface Signing {
  requestId?: string;
  state: ProgressState | "opening";
}

/** An activation of rSign that waits for the phone; the code comes with the first progress. */
export interface Activation {
  requestId?: string;
  state: ActivationState | "opening";
  code?: string;
}

/** Draws the wizard; the content script's with lit-html, a test's that keeps notes. */
export interface View {
  draw(wizard: Wizard): void;
  /** Moves the focus after the next drawing. */
  focus(target: Focus): void;
}

/** Where the focus goes: the heading of a new screen, what failed, or a field to correct. */
export type Focus = "heading" | "failure" | { field: Field };

export type Busy = keyof Texts["busy"];

const stoppedCodes: ReadonlySet<string> = new Set(["user_cancelled", "request_cancelled"]);
const fields: Readonly<Record<string, Field>> = { email: "email", phone: "phone", code: "code", start: "start" };

/**
 * The wizard's state: the renewal as the portal last told it, the screen, what was typed, what failed.
 * It decides nothing that matters: the portal holds the state machine, the agent what is signed.
 * `actions.ts` has what the buttons do, `screens/` how it looks.
 */
export class Wizard {
  readonly t: Texts;
  readonly dates: Dates;
  readonly form: Form = { code: "", accepted: false, email: "", phone: "" };
  info: PortalInfo | undefined;
  renewal: Renewal | undefined;
  screen: Screen = "start";
  /** On the code screen: the person said that the renewal was started before. */
  resuming = false;
  /** The screen from which `leaving` was asked for. */
  leftFrom: Screen | undefined;
  busy: Busy | undefined = "loading";
  failures: readonly Failure[] = [];
  cards: ListResult | undefined;
  cardsFailure: Failure | undefined;
  /** Counts the requests for the list. */
  cardsRequest = 0;
  signing: Signing | undefined;
  activation: Activation | undefined;
  /** The certificate in the cloud that this computer was activated for. */
  activated: Certificate | undefined;
  /** A signature that the portal could not take for the moment, and the seal of what it is over. */
  signature: { seal: string; cms: string } | undefined;
  readonly #watch: Watch;

  constructor(
    readonly language: Language,
    readonly portal: Portal,
    readonly agent: Agent,
    readonly view: View,
    /** Called once when the person is done or leaves: the page shows its preparation again. */
    readonly closed: () => void,
    /** Asks the person to pair the browser with the agent; false when they gave up. */
    readonly pair: () => Promise<boolean>,
  ) {
    this.t = language === "pl" ? pl : en;
    this.dates = new Dates(language);
    this.#watch = new Watch(portal.address("events"), (renewal) => this.#heard(renewal), () => void this.#lookAgain());
  }

  /** Ends what runs: events, the agent's connection and with it an open window. */
  stop(): void {
    this.#watch.stop();
    this.agent.close();
  }

  /** Shows a screen and moves the focus to its heading. */
  goto(screen: Screen): void {
    this.screen = screen;
    this.failures = [];
    this.view.focus("heading");
    this.draw();
  }

  /** Takes the portal's answer to an own action and shows where it leads. */
  apply(renewal: Renewal, wanted?: Screen): void {
    this.renewal = renewal;
    this.#watch.start();
    const screen = screenFor(renewal, wanted);
    if (screen !== this.screen) this.goto(screen);
    else this.draw();
  }

  /** Forgets the renewal of this browser session. */
  forget(): void {
    this.#watch.stop();
    this.renewal = undefined;
    this.signature = undefined;
    this.form.accepted = false;
    delete this.form.certificateId;
    delete this.form.start;
  }

  /** Runs one action at a time: says what is waited for, and what failed. */
  async act(busy: Busy, work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.waitFor(busy);
    this.failures = [];
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof OdnowaError)) console.error("odnowa:", thrown);
      await this.#fail(asOdnowaError(thrown));
    } finally {
      this.busy = undefined;
      this.draw();
    }
  }

  /** Changes the words of the running action. */
  waitFor(busy: Busy): void {
    this.busy = busy;
    this.draw();
  }

  /** Shows what is missing on this screen and leads there. */
  complain(...missing: Field[]): void {
    this.failures = missing.map((field) => ({ tone: "error", title: this.t.missing[field], field }));
    this.view.focus("failure");
    this.draw();
  }

  /** The words for a failure. */
  failureOf(error: OdnowaError): Failure {
    const { title, cure } = adviceFor(error, this.language);
    const { triesLeft, retryAfterSeconds, field } = error.detail;
    const more = [
      cure,
      triesLeft === undefined ? "" : this.t.triesLeft(triesLeft),
      retryAfterSeconds === undefined ? "" : this.t.retryAfter(Math.ceil(retryAfterSeconds / 60)),
    ];
    const named = fieldOf(error, field);
    return {
      tone: error.source === "agent" && stoppedCodes.has(error.code) ? "notice" : "error",
      title,
      cure: more.filter(Boolean).join(" "),
      code: error.code,
      ...(named && { field: named }),
    };
  }

  draw(): void {
    this.view.draw(this);
  }

  async #fail(error: OdnowaError): Promise<void> {
    if (error.is("portal", "no_session") && this.renewal) {
      this.forget();
      this.screen = "code";
    } else if (error.source === "portal" && this.renewal) {
      await this.#refresh();
    }
    this.failures = [this.failureOf(error)];
    this.view.focus("failure");
  }

  async #refresh(): Promise<void> {
    try {
      // A refusal may have moved the renewal: kept to be tried again, or back at its start.
      this.renewal = await this.portal.renewal();
      if (this.screen !== "start" && this.screen !== "leaving") this.screen = screenFor(this.renewal, this.screen);
    } catch {
      // The first failure is the one to tell of.
    }
  }

  /** The portal tells no more: where another browser has opened the renewal, nothing of it stays on the screen. */
  async #lookAgain(): Promise<void> {
    try {
      this.#heard(await this.portal.renewal());
    } catch (thrown) {
      const error = asOdnowaError(thrown);
      if (this.busy || !this.renewal || !error.is("portal", "no_session")) return; // the next action tells
      await this.#fail(error);
      this.draw();
    }
  }

  #heard(renewal: Renewal): void {
    if (this.renewal && renewal.version <= this.renewal.version) return;
    this.renewal = renewal;
    if (!this.busy && this.screen !== "start") {
      const screen = screenFor(renewal, this.screen);
      if (screen !== this.screen) {
        this.goto(screen);
        return;
      }
    }
    this.draw();
  }
}

function fieldOf(error: OdnowaError, field: string | undefined): Field | undefined {
  if (error.source !== "portal") return undefined;
  if (error.code.startsWith("code_")) return "code";
  if (error.code === "email_invalid") return "email";
  if (error.code === "phone_invalid") return "phone";
  return field === undefined ? undefined : fields[field];
}
