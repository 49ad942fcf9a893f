// One renewal as the customer does it: what is clicked, typed and compared, step by step (design,
// section 2). Demo and tests put these steps together.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Phone } from "./browsers.ts";
import type { Desktop } from "./desktop.ts";
import type { Report } from "./report.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Tab } from "./tab.ts";

export const customer = { email: "zaneta.testowa@example.org", phone: "600 100 200" };
export const phonePIN = "730514";

export type Language = "pl" | "en";

/** Where the page is in each language, and the keys of the agent's window. */
const words = {
  pl: { path: "/odnowienie", next: "alt+d", same: "alt+t", differ: "alt+n", cancel: "alt+a" },
  en: { path: "/renewal", next: "alt+c", same: "alt+y", differ: "alt+n", cancel: "Escape" },
} as const;

/** What a person answers in the agent's window. */
export type Answer = "next" | "same" | "differ" | "cancel";

/** Title of the agent's window. */
const windowTitle = "Odnowa";

/** The tab is Playwright's where a test also wants what only that has. */
export class Renewal<T extends Tab = Page> {
  readonly #desktop: Desktop;

  constructor(
    readonly sandbox: Sandbox,
    readonly page: T,
    private readonly report: Report,
    private readonly language: Language = "pl",
  ) {
    this.#desktop = sandbox.desktop;
  }

  at(id: string): ReturnType<T["getByTestId"]> {
    return this.page.getByTestId(id) as ReturnType<T["getByTestId"]>;
  }

  /** Waits for a screen of the wizard, and for it to be at rest. */
  async screen(name: string, timeout = 20_000): Promise<void> {
    try {
      await this.page.locator(`[data-testid=wizard][data-screen=${name}][data-busy=no]`).waitFor({ timeout });
    } catch (e) {
      const said = await this.at("error-summary")
        .innerText({ timeout: 1_000 })
        .catch(() => "nothing");
      throw new Error(`no screen ${name}; the wizard says: ${said}`, { cause: e });
    }
  }

  /** Waits until the wizard says that something went wrong, with this symbolic code; gives the code that it shows. */
  async failure(code: string): Promise<string | null> {
    const summary = this.at("error-summary");
    const expected = this.page.locator(`[data-testid=error-summary][data-code=${code}]`);
    await expected.waitFor({ timeout: 20_000 }).catch(() => undefined);
    return summary.getAttribute("data-code", { timeout: 1_000 }).catch(() => "nothing");
  }

  async picture(name: string): Promise<void> {
    await this.report.page(this.page, name);
  }

  async open(): Promise<void> {
    await this.page.goto(this.sandbox.file.urls.portal + words[this.language].path);
  }

  async prepare(): Promise<void> {
    await this.open();
    await this.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: 20_000 });
    await this.picture("preparation");
    await this.at("preparation-start").click();
    await this.screen("start");
    await this.picture("start");
    await this.at("start-renew").click();
    await this.screen("code");
  }

  async enterCode(code: string): Promise<void> {
    await this.at("code-input").fill(code);
    await this.picture("code");
    await this.at("code-next").click();
  }

  async acceptOffer(): Promise<void> {
    await this.screen("offer");
    await this.picture("offer");
    await this.at("offer-next").click();
  }

  async chooseStart(start: "now" | "after-current"): Promise<void> {
    await this.screen("validity");
    await this.at(`start-${start}`).check();
    await this.picture("validity");
    await this.at("validity-next").click();
  }

  async chooseCertificate(): Promise<void> {
    await this.screen("certificate");
    await this.at("certificate-choice").first().check({ timeout: 20_000 });
    await this.picture("certificate");
    await this.at("certificate-next").click();
  }

  /** Views and saves the application, accepts the terms. */
  async acceptApplication(): Promise<void> {
    await this.screen("application");
    await this.picture("application");
    const [viewed] = await Promise.all([this.page.context().waitForEvent("page"), this.at("application-view").click()]);
    await viewed.close();
    await this.save("application-save", "application-unsigned.pdf");
    await this.at("terms-accept").check();
    await this.at("application-next").click();
    await this.screen("sign");
    await this.picture("sign");
  }

  /** Clicks what opens the agent's window. */
  async openWindow(button: "sign" | "review-sign"): Promise<void> {
    await this.at(button).click();
    await this.at("sign-progress").waitFor();
  }

  /** Answers one question of the agent's window. */
  async answer(picture: string, answer: Answer): Promise<void> {
    await this.#window(picture);
    this.#desktop.key(words[this.language][answer]);
    if (answer === "cancel" || answer === "differ") await this.windowClosed();
  }

  /** `before` is done when the window is there and nothing is typed yet. */
  async typePIN(picture: string, pin: string, before?: () => void): Promise<void> {
    await this.#window(picture);
    before?.();
    this.#desktop.type(pin);
    this.#desktop.key("Return");
  }

  async #window(picture: string): Promise<void> {
    await this.#desktop.window(windowTitle);
    this.report.window(this.#desktop, `window-${picture}`);
  }

  async windowClosed(): Promise<void> {
    await this.#desktop.closed(windowTitle);
  }

  async saveSigned(): Promise<void> {
    await this.screen("signed");
    await this.picture("signed");
    await this.save("signed-save", "application.pdf");
    await this.at("signed-next").click();
    await this.screen("phone");
    await this.at("phone-qr").evaluate((img: HTMLImageElement) => img.decode());
    await this.picture("phone-qr");
  }

  /** Holds the phone's camera before the QR code on the screen. */
  async showQR(phone: Phone): Promise<void> {
    const png = join(this.sandbox.file.dir, "qr.png");
    writeFileSync(png, await this.at("phone-qr").screenshot());
    phone.show(png);
  }

  /** The enrolment on the phone, up to the six digits, which are the answer. */
  async enrol(phone: Phone): Promise<string> {
    const p = phone.page;
    const on = (id: string) => p.getByTestId(id);
    const picture = (name: string) => this.report.page(p, `rsign-${name}`);
    await p.goto(this.sandbox.file.urls.phone);
    await on("screen-start").waitFor();
    await picture("start");
    await on("start-camera").click();
    await on("screen-number").waitFor({ timeout: 20_000 });
    await picture("application");
    await on("number-continue").click();

    await on("screen-backup").waitFor();
    await picture("backup");
    const groups = (await on("recovery-code").innerText()).trim().split(/\s+/);
    const [saved] = await Promise.all([p.waitForEvent("download"), on("backup-save").click()]);
    await saved.saveAs(join(this.sandbox.file.dir, "phone-backup.json"));
    await on("recovery-last").fill(groups.at(-1)!);
    await on("backup-continue").click();

    await on("screen-pin").waitFor();
    await picture("pin");
    await on("pin-first").fill(phonePIN);
    await on("pin-second").fill(phonePIN);
    await on("pin-continue").click();

    await on("screen-activate").waitFor({ timeout: 20_000 });
    await on("activate-pin").fill(phonePIN);
    await picture("activate");
    await on("activate-continue").click();

    await on("screen-code").waitFor({ timeout: 20_000 });
    await picture("code");
    return (await on("code-value").innerText()).replaceAll(/\s/g, "");
  }

  /** Waits until the page says by itself that the phone is ready; gives the code that it shows. */
  async phoneReady(): Promise<string | null> {
    await this.page.locator("[data-testid=phone-state][data-phone=ready]").waitFor({ timeout: 20_000 });
    await this.picture("phone-ready");
    const code = await this.at("phone-code").getAttribute("data-code");
    await this.at("phone-next").click();
    return code;
  }

  async giveContact(): Promise<void> {
    await this.screen("contact");
    await this.at("contact-email").fill(customer.email);
    await this.at("contact-phone").fill(customer.phone);
    await this.picture("contact");
    await this.at("contact-next").click();
    await this.screen("review");
    await this.picture("review");
  }

  /** Waits for the certificate; saves it and the papers. */
  async issued(): Promise<void> {
    await this.screen("issued", 30_000);
    await this.picture("issued");
    await this.save("certificate-save", "certificate-chain.pem");
    await this.save("application-save", "application.pdf");
    await this.save("confirmation-save", "confirmation.txt");
    await this.save("confirmation-signature-save", "confirmation.txt.p7s");
  }

  async save(button: string, name: string): Promise<void> {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.at(button).click()]);
    await download.saveAs(join(this.sandbox.results, name));
  }
}
