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
import { Dates } from "./dates.ts";
import { failureOf } from "./failure.ts";
import type { Failure, Field, Problem } from "./failure.ts";
import { note } from "./report.ts";
import type { Noted } from "./report.ts";
import { screenFor } from "./steps.ts";
import type { Screen } from "./steps.ts";

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

/** Where the focus goes: the heading of a new screen, what failed, what was asked for, or a field to correct. */
export type Focus = "heading" | "failure" | "language" | "report" | { field: Field };

export type Busy = keyof Texts["busy"];

/** What the wizard needs of the page that it stands on. */
export interface Host {
  /** The person is done or leaves: the page shows its preparation again. Called once. */
  closed(): void;
  /** Asks the person to pair the browser with the agent; false when they gave up. */
  pair(): Promise<boolean>;
  /** Loads the page anew; the wizard comes back at the same step. */
  reload(): void;
  print(): void;
  /** Remembers the language for this tab. */
  speak(language: Language): void;
  /** Hands a text to the clipboard; fails where the browser doesn't allow it. */
  copy(text: string): Promise<void>;
  /** Has the browser save a file. */
  save(name: string, mediaType: string, content: string): void;
  /** Where the CA says how to install extension and agent, if the page tells. */
  readonly installUrl?: string | undefined;
}

/**
 * The wizard's state: the renewal as the portal last told it, the screen, what was typed, what failed.
 * It decides nothing that matters: the portal holds the state machine, the agent what is signed.
 * `actions.ts` has what the buttons do, `screens/` how it looks.
 */
export class Wizard {
  language: Language;
  t: Texts;
  dates: Dates;
  readonly form: Form = { code: "", accepted: false, email: "", phone: "" };
  info: PortalInfo | undefined;
  renewal: Renewal | undefined;
  screen: Screen = "start";
  /** On the code screen: the person said that the renewal was started before. */
  resuming = false;
  /** The screen from which `leaving` was asked for. */
  leftFrom: Screen | undefined;
  busy: Busy | undefined = "loading";
  problems: readonly Problem[] = [];
  /** Everything that failed since the wizard opened, for a report to support. */
  noted: readonly Noted[] = [];
  /** The report that was asked for, and whether it is in the clipboard. */
  report: { text: string; copied: boolean } | undefined;
  cards: ListResult | undefined;
  cardsProblem: OdnowaError | undefined;
  /** Why the list has no certificate, as the agent's checks say. */
  cardsMissing: OdnowaError | undefined;
  /** When the agent was lost the last time while the list was there. */
  cardsLostAt = 0;
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
    language: Language,
    readonly portal: Portal,
    readonly agent: Agent,
    readonly view: View,
    readonly host: Host,
  ) {
    this.language = language;
    this.t = language === "pl" ? pl : en;
    this.dates = new Dates(language);
    this.#watch = new Watch(portal.address("events"), (renewal) => this.#heard(renewal), () => void this.#lookAgain());
  }

  get failures(): readonly Failure[] {
    return this.problems.map((problem) => failureOf(problem, this.t, this.language));
  }

  get cardsFailure(): Failure | undefined {
    return this.cardsProblem && failureOf(this.cardsProblem, this.t, this.language);
  }

  /** Goes on in another language: here, and in the agent's windows from the next one on. */
  speak(language: Language): void {
    if (this.busy || language === this.language) return;
    this.language = language;
    this.t = language === "pl" ? pl : en;
    this.dates = new Dates(language);
    this.agent.speak(language);
    this.host.speak(language);
    this.view.focus("language");
    this.draw();
  }

  /** Keeps a failure for a report to support. */
  note(error: OdnowaError): void {
    this.noted = note(this.noted, this.screen, error);
  }

  /** Ends what runs: events, the agent's connection and with it an open window. */
  stop(): void {
    this.#watch.stop();
    this.agent.close();
  }

  /** Shows a screen and moves the focus to its heading. */
  goto(screen: Screen): void {
    this.screen = screen;
    this.problems = [];
    this.report = undefined;
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
    this.problems = [];
    this.report = undefined;
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
    this.problems = missing;
    this.view.focus("failure");
    this.draw();
  }

  draw(): void {
    this.view.draw(this);
  }

  async #fail(error: OdnowaError): Promise<void> {
    this.note(error);
    if (error.is("portal", "no_session") && this.renewal) {
      this.forget();
      this.screen = "code";
    } else if (error.source === "portal" && this.renewal) {
      await this.#refresh();
    }
    this.problems = [error];
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
