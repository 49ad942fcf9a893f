// The app's course: which screen is shown, and what each button does. Everything that matters is in
// the store before the next screen is, so that a reload at any step goes on there.

import * as api from "./api";
import { Problem, type ProblemCode } from "./api";
import { Desk, type DeskScreen } from "./desk";
import * as enrol from "./enrol";
import { readBackupFile, sealBackup } from "./keys/backup";
import { pinFault, type PINFault } from "./keys/pinrules";
import { groups, normalize, readRecoveryCode, writeRecoveryCode } from "./keys/recovery";
import { readLink, type LinkFault } from "./link";
import * as restore from "./restore";
import * as store from "./store";
import type { Phone } from "./store";

export type FieldFault = PINFault | LinkFault | "pin_differs" | "recovery_last" | "backup_first" | "camera_denied" | "camera_missing" | "code_form"
  | "backup_file" | "recovery_form" | "recovery_wrong";
export type Fault = FieldFault | ProblemCode;

export type Screen = "start" | "camera" | "link" | "stopped" | "issuing" | "restore-file" | store.Step | DeskScreen;

/** After these nothing can be mended on this phone but by beginning anew. */
const final: readonly ProblemCode[] = ["enrolment_void", "phone_replaced", "not_found", "pin_locked", "counter_reused", "code_mismatch"];
/** The same for a phone that has a certificate, which is not given up for a slip. */
const finalActive: Partial<Record<ProblemCode, ProblemCode>> = {
  pin_locked: "signing_locked", counter_reused: "signing_copied", phone_replaced: "phone_retired", enrolment_void: "signing_revoked",
};
/** The same for a phone that is to take another one's place. */
const finalRestoring: Partial<Record<ProblemCode, ProblemCode>> = {
  pin_locked: "signing_locked", counter_reused: "signing_copied", enrolment_void: "signing_revoked", backup_used: "backup_used",
  not_found: "backup_other", wrong_state: "backup_other",
};

const pollMs = 25_000;
const retryMs = 3_000;

export class App {
  phone: Phone | undefined;
  /** what is wrong with the last thing the person did */
  fault: Fault | undefined;
  /** why the enrolment on this phone is over */
  stopped: ProblemCode | undefined;
  busy = false;
  offline = false;
  camera = false;
  choosingBackup = false;
  /** token of a link that was opened and not yet agreed to */
  pending: string | undefined;
  recoveryCode = "";
  backupSaved = false;
  triesLeft = 3;
  confirmed = false;
  private credential: api.Credential | undefined;
  private following: AbortController | undefined;
  readonly desk: Desk;

  constructor(readonly changed: () => void) {
    this.desk = new Desk(this);
  }

  get screen(): Screen {
    if (this.camera) return "camera";
    if (this.pending !== undefined) return "link";
    if (this.choosingBackup) return "restore-file";
    if (this.stopped !== undefined) return "stopped";
    if (this.phone?.step === "code" && this.confirmed) return "issuing";
    if (this.phone?.step === "active") return this.desk.screen;
    return this.phone?.step ?? "start";
  }

  async start(token: string | undefined): Promise<void> {
    try {
      await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
      await this.takeOver();
      this.phone = (await store.phones())[0];
    } catch {
      this.stopped = "browser_unsupported";
      this.changed();
      return;
    }
    if (token !== undefined) await this.arrive(token);
    await this.resume();
  }

  /** Two tabs would write over each other's counter; the newest has the phone, the others stop. */
  private takeOver(): Promise<void> {
    return new Promise((taken) => {
      navigator.locks.request("rsign", { steal: true }, () => {
        taken();
        return new Promise<never>(() => undefined); // held for the life of the page
      }).catch(() => {
        this.following?.abort();
        this.camera = false;
        this.pending = undefined;
        this.stopped = "other_tab";
        this.changed();
      });
    });
  }

  showCamera(on: boolean): void {
    this.fault = undefined;
    this.camera = on;
    this.changed();
  }

  showRestore(on: boolean): void {
    this.fault = undefined;
    this.choosingBackup = on;
    this.changed();
  }

  /** Opens another phone's backup. True when file and code fit together. */
  async openBackup(text: string | undefined, code: string): Promise<boolean> {
    const file = text === undefined ? undefined : readBackupFile(text);
    if (!file) {
      this.fail("backup_file");
      return false;
    }
    const recovery = await readRecoveryCode(code);
    if (!recovery) {
      this.fail("recovery_form");
      return false;
    }
    let opened: Phone | undefined;
    const done = await this.work(async () => {
      opened = await restore.begin(file, recovery);
    }, true);
    if (!done) return false;
    if (!opened) {
      this.fail("recovery_wrong");
      return false;
    }
    await navigator.storage.persist().catch(() => false);
    this.choosingBackup = false;
    this.phone = opened;
    await this.resume();
    return true;
  }

  /** True when the PIN was right and this phone has taken the other one's place; the caller wipes the field whatever comes. */
  async restore(pin: string): Promise<boolean> {
    if (!/^[0-9]{6}$/.test(pin)) {
      this.fail("pin_form");
      return false;
    }
    return this.work(async () => {
      await restore.finish(this.current(), pin).catch((e: unknown) => {
        if (e instanceof Problem && e.triesLeft !== undefined) this.triesLeft = e.triesLeft;
        throw e;
      });
      await this.resume();
    });
  }

  fail(fault: Fault): void {
    this.fault = fault;
    this.changed();
  }

  /** Takes a scanned or pasted text. True when it was a link of this app. */
  async read(text: string, byCamera: boolean): Promise<boolean> {
    const link = readLink(text, location.origin);
    if ("fault" in link) {
      this.fail(link.fault);
      return false;
    }
    this.camera = false;
    if (byCamera) await this.scan(link.token);
    else await this.arrive(link.token);
    return true;
  }

  /** A link may have been opened on the wrong device, so that it asks first: a scan replaces a phone. */
  private async arrive(token: string): Promise<void> {
    if (this.phone && this.phone.tokenHash === await enrol.hashOf(token) && this.stopped === undefined) return;
    this.pending = token;
    this.changed();
  }

  async agree(yes: boolean): Promise<void> {
    const token = this.pending;
    this.pending = undefined;
    if (yes && token !== undefined) await this.scan(token);
    else this.changed();
  }

  private async scan(token: string): Promise<void> {
    const tokenHash = await enrol.hashOf(token);
    if (this.phone && this.phone.tokenHash === tokenHash && this.stopped === undefined) {
      this.changed();
      return;
    }
    await this.work(async () => {
      // Asked in the wake of a tap, where browsers are most willing. Refused is no reason to stop.
      await navigator.storage.persist().catch(() => false);
      const earlier = this.phone;
      this.phone = await enrol.scan(token);
      // What never became a signature is of no use beside a new one.
      if (earlier && earlier.step !== "active" && earlier.enrolment !== this.phone.enrolment) await store.forget(earlier);
      await this.resume();
    }, true);
  }

  private async resume(): Promise<void> {
    this.stopped = undefined;
    this.credential = undefined;
    this.backupSaved = false;
    this.confirmed = false;
    this.triesLeft = 3;
    this.desk.reset();
    this.recoveryCode = this.phone?.unsaved ? await writeRecoveryCode(this.phone.unsaved.recovery) : "";
    this.follow();
    this.changed();
  }

  /** Forgets an enrolment that is over, or that is someone else's. */
  async leave(): Promise<void> {
    this.following?.abort();
    const over = this.stopped === "phone_retired" || this.stopped === "signing_revoked";
    if (this.phone && (this.phone.step !== "active" || over)) await store.forget(this.phone);
    this.phone = undefined;
    this.stopped = undefined;
    this.fault = undefined;
    this.phone = (await store.phones())[0];
    await this.resume();
  }

  async to(step: store.Step): Promise<void> {
    if (!this.phone) return;
    this.phone.step = step;
    this.fault = undefined;
    await store.save(this.phone);
    this.changed();
  }

  /** The backup as a file for the person to keep. */
  async backupFile(): Promise<File | undefined> {
    const p = this.phone;
    if (!p?.unsaved) return undefined;
    const sealed = await sealBackup({ secret: p.secret, backupKey: p.unsaved.backupKey }, p.unsaved.recovery, p.enrolment);
    const day = new Date().toISOString().slice(0, 10);
    return new File([JSON.stringify(sealed, null, 2)], `rsign-kopia-${day}.json`, { type: "application/json" });
  }

  markBackupSaved(): void {
    this.backupSaved = true;
    this.fault = undefined;
    this.changed();
  }

  async finishBackup(lastGroup: string): Promise<void> {
    if (!this.backupSaved) {
      this.fail("backup_first");
    } else if (normalize(lastGroup) !== groups(this.recoveryCode).at(-1)) {
      this.fail("recovery_last");
    } else if (this.phone) {
      delete this.phone.unsaved;
      this.recoveryCode = "";
      await this.to(this.phone.restoring ? "restore" : "pin");
    }
  }

  /** True when the SAM has the keys; the caller wipes the fields then. */
  async choosePIN(pin: string, again: string): Promise<boolean> {
    const fault = pinFault(pin) ?? (pin === again ? undefined : "pin_differs");
    if (fault) {
      this.fail(fault);
      return false;
    }
    return this.work(async () => {
      const p = this.current();
      this.credential = await enrol.sendKeys(p, pin);
      delete p.backupSign;
      await this.to("activate");
    });
  }

  /** True when the PIN was right; the caller wipes the field whatever comes. */
  async activate(pin: string): Promise<boolean> {
    if (!/^[0-9]{6}$/.test(pin)) {
      this.fail("pin_form");
      return false;
    }
    return this.work(async () => {
      const p = this.current();
      const credential = this.credential ?? (await api.state(p, 0, 0)).credential;
      if (!credential) throw new Problem("wrong_state");
      await enrol.activate(p, pin, credential).catch((e: unknown) => this.countTries(e));
      this.credential = undefined;
      await this.to("code");
    });
  }

  /** Says how many tries of the PIN are left, after a wrong one, before the refusal goes on. */
  async countTries(e: unknown): Promise<never> {
    if (e instanceof Problem && e.code === "pin_incorrect") this.triesLeft = (await api.state(this.current(), 0, 0)).triesLeft;
    throw e;
  }

  current(): Phone {
    if (!this.phone) throw new Problem("wrong_state");
    return this.phone;
  }

  /** Runs one thing at a time and turns what goes wrong into words. */
  async work(f: () => Promise<void>, scanning = false): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.fault = undefined;
    this.changed();
    try {
      await f();
      return true;
    } catch (e) {
      const code = e instanceof Problem ? e.code : "internal";
      // What is wrong with a QR code says nothing of the enrolment that the phone has.
      const stop = scanning ? undefined : this.stops(code);
      if (stop) {
        this.stopped = stop;
        this.following?.abort();
      } else {
        this.fault = code;
      }
      return false;
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  private stops(code: ProblemCode): ProblemCode | undefined {
    if (this.phone?.step === "active") return finalActive[code];
    if (this.phone?.restoring) return finalRestoring[code];
    return final.includes(code) ? code : undefined;
  }

  /** Follows the enrolment at the SAM, and then the requests that come for it. */
  private follow(): void {
    this.following?.abort();
    const p = this.phone;
    if (!p || p.restoring) return; // the SAM does not know it yet
    const stop = new AbortController();
    this.following = stop;
    void this.poll(p, stop.signal);
  }

  private async poll(p: Phone, signal: AbortSignal): Promise<void> {
    let version = 0;
    const over = (): boolean => signal.aborted;
    while (!over()) {
      try {
        const s = await api.state(p, version, pollMs, signal);
        if (over()) return;
        version = s.version;
        this.offline = false;
        if (await this.learn(p, s)) return;
      } catch (e) {
        if (over()) return;
        const code = e instanceof Problem ? e.code : "internal";
        const stop = this.stops(code);
        if (stop) {
          this.stopped = stop;
          this.changed();
          return;
        }
        this.offline = true;
        this.changed();
        await new Promise((r) => setTimeout(r, retryMs));
      }
    }
  }

  /** Takes in what the SAM says; true when nothing more will come. */
  private async learn(p: Phone, s: api.PhoneState): Promise<boolean> {
    this.triesLeft = s.triesLeft;
    this.confirmed = s.confirmed;
    if (s.state === "active") {
      await this.learnActive(p, s);
    }
    if (s.locked) {
      this.stopped = this.stops(s.locked === "pin" ? "pin_locked" : "counter_reused");
    } else if (!this.busy && s.state === "keyed" && p.step === "pin") {
      await this.to("activate"); // the answer to the keys was lost
    } else if (!this.busy && s.state === "ready" && p.step === "activate" && p.code !== undefined) {
      await this.to("code"); // the answer to the activation was lost
    }
    this.changed();
    return this.stopped !== undefined;
  }

  private async learnActive(p: Phone, s: api.PhoneState): Promise<void> {
    if (p.step !== "active" && s.certificate) {
      p.certificate = s.certificate;
      delete p.code;
      p.step = "active";
      await store.save(p);
    }
    this.desk.learn(s);
  }
}
