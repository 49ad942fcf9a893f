// What a phone with a certificate does: it takes computers, lists and removes them, and approves or
// refuses what they want to have signed.

import * as api from "./api";
import type { Computer, FoundComputer, PhoneState, SigningRequest } from "./api";
import type { App } from "./app";
import * as approve from "./approve";

export type DeskScreen =
  "active" | "computers" | "computer-code" | "computer-found" | "computer-added" | "computer-remove" | "request" | "approved" | "refused";

export class Desk {
  screen: DeskScreen = "active";
  computers: Computer[] = [];
  found: FoundComputer | undefined;
  /** the one that is asked about */
  chosen: Computer | undefined;
  /** what the person sees and approves: it never changes under their eyes */
  request: SigningRequest | undefined;
  /** what waits at the SAM */
  waiting: SigningRequest | undefined;
  private credential: string | undefined;

  constructor(private readonly app: App) {}

  reset(): void {
    this.screen = "active";
    this.request = this.waiting = this.found = this.chosen = this.credential = undefined;
  }

  show(screen: DeskScreen): void {
    this.app.fault = undefined;
    this.screen = screen;
    this.app.changed();
  }

  /**
   * Takes in what the SAM says. A request opens by itself, but not over a field for the PIN, and not
   * in the place of another one: that would be approved by a finger that was already on its way.
   */
  learn(s: PhoneState): void {
    this.credential = s.credentialID;
    this.waiting = s.request;
    if (this.screen === "computer-found" && this.found && s.ended?.includes(this.found.id) && !this.app.busy) {
      this.found = undefined;
      this.screen = "active";
      this.app.fail("computer_over");
      return;
    }
    if (this.screen === "request") {
      if (this.waiting?.id !== this.request?.id && !this.app.busy) this.close();
    } else if (this.waiting && this.app.fault !== "request_over" && this.screen !== "computer-found" && !this.app.busy) {
      this.open();
    }
  }

  /** Shows what waits. */
  open(): void {
    if (!this.waiting) return;
    this.request = this.waiting;
    this.show("request");
  }

  /** What was shown is over: expired, or the computer has asked for something else. */
  private close(): void {
    this.request = undefined;
    this.screen = "active";
    this.app.fail("request_over");
  }

  async list(): Promise<void> {
    await this.app.work(async () => {
      this.computers = await api.computers(this.app.current());
      this.screen = "computers";
    });
  }

  /** True when there is such a computer. */
  async find(typed: string): Promise<boolean> {
    const code = typed.replaceAll(/\s/g, "");
    if (!/^[0-9]{6}$/.test(code)) {
      this.app.fail("code_form");
      return false;
    }
    return this.app.work(async () => {
      this.found = await approve.findComputer(this.app.current(), code);
      this.screen = "computer-found";
    });
  }

  /** True when the PIN was right; the caller wipes the field whatever comes. */
  async connect(pin: string): Promise<boolean> {
    const { found, credential } = this;
    if (!found || credential === undefined) return false;
    return this.withPIN(pin, async () => {
      await approve.connect(this.app.current(), pin, credential, found);
      this.screen = "computer-added";
    });
  }

  async refuseComputer(): Promise<void> {
    const { found } = this;
    this.found = undefined;
    this.show("active");
    if (found) await this.app.work(() => approve.end(this.app.current(), "refuse-computer", found.id));
  }

  ask(computer: Computer): void {
    this.chosen = computer;
    this.show("computer-remove");
  }

  async remove(): Promise<void> {
    const { chosen } = this;
    if (!chosen) return;
    await this.app.work(async () => {
      await approve.end(this.app.current(), "remove-computer", chosen.id);
      this.chosen = undefined;
    });
    await this.list();
  }

  /** True when the PIN was right; the caller wipes the field whatever comes. */
  async approve(pin: string): Promise<boolean> {
    const { request, credential } = this;
    if (!request || credential === undefined) return false;
    return this.withPIN(pin, async () => {
      await approve.approve(this.app.current(), pin, credential, request);
      this.answered("approved");
    });
  }

  async refuse(): Promise<void> {
    const { request } = this;
    if (!request) return;
    await this.app.work(async () => {
      await approve.end(this.app.current(), "refuse-request", request.id);
      this.answered("refused");
    });
  }

  private answered(screen: "approved" | "refused"): void {
    this.request = this.waiting = undefined;
    this.screen = screen;
  }

  private async withPIN(pin: string, f: () => Promise<void>): Promise<boolean> {
    if (!/^[0-9]{6}$/.test(pin)) {
      this.app.fail("pin_form");
      return false;
    }
    const done = await this.app.work(() => f().catch((e: unknown) => this.app.countTries(e)));
    if (this.app.fault === "request_over" || this.app.fault === "computer_over") {
      this.request = this.found = undefined;
      this.screen = "active";
      this.app.changed();
    }
    return done;
  }
}
