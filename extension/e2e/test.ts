// The end-to-end test: a whole renewal, in English, in which everything goes wrong first that can go
// wrong on the way: each fault has its own message and code, and nothing is lost.
import { readdirSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page, Route } from "playwright-core";
import type { Phone } from "./browsers.ts";
import { run } from "./command.ts";
import { Renewal } from "./renewal.ts";
import { Report } from "./report.ts";
import {
  activateRSign, cancelledActivation, refusedOnPhone, removedOnPhone, rsignVerdicts, signFile, wrongComputerCode,
} from "./rsign.ts";
import { portalProgram, Sandbox } from "./sandbox.ts";
import { check, renew } from "./whole.ts";

const results = resolve("../build/test-renewal");

let passed = 0;

async function expect(what: string, got: string | null | Promise<string | null>, want: string): Promise<void> {
  const value = await got;
  if (value !== want) throw new Error(`${what}: got ${value}, want ${want}`);
  passed += 1;
  console.log(`               ok: ${what}: ${want}`);
}

/** The wizard says what went wrong, with this code. */
async function fails(r: Renewal, what: string, code: string): Promise<void> {
  await expect(what, await r.failure(code), code);
}

/** Changes one answer of the portal on its way to the page, once: a hijacked page, or a fault on the line. */
async function bend(page: Page, path: string, change: (body: Record<string, unknown>) => void): Promise<void> {
  await page.route(
    `**/api/v1/${path}`,
    async (route: Route) => {
      // Browsers know that *.localhost is this computer; Node need not.
      const url = new URL(route.request().url());
      const headers = { ...(await route.request().allHeaders()), host: url.host };
      url.hostname = "127.0.0.1";
      const answer = await route.fetch({ url: url.href, headers });
      const body = (await answer.json()) as Record<string, unknown>;
      change(body);
      await route.fulfill({ response: answer, json: body });
    },
    { times: 1 },
  );
}

/** Changes one request of the page on its way to the portal, once. */
async function bendRequest(page: Page, path: string, change: (body: Record<string, unknown>) => void): Promise<void> {
  await page.route(
    `**/api/v1/${path}`,
    async (route: Route) => {
      const body = route.request().postDataJSON() as Record<string, unknown>;
      change(body);
      await route.continue({ postData: JSON.stringify(body) });
    },
    { times: 1 },
  );
}

async function test(): Promise<void> {
  const report = new Report(join(results, "pictures"));
  const sandbox = await Sandbox.open(results);
  const { file } = sandbox;
  try {
    const [computer, phone] = await Promise.all([sandbox.computer("en-GB"), sandbox.phone()]);
    const { page } = computer;
    const r = new Renewal(sandbox, page, report, "en");
    try {
      await renew(sandbox, r, phone, report, {
        preparation: () => withoutCard(sandbox, r),
        code: () => wrongCodes(r, file.renewalCode),
        signApplication: () => wrongSignatures(sandbox, r),
        contact: () => wrongContact(r),
        signConfirmation: () => codesThatDiffer(r),
      });
      await cloud(sandbox, r, phone, report);
      await refusedCertificate(sandbox, r);
      const verdicts = [...check(sandbox), ...rsignVerdicts(sandbox)];
      report.verdicts(verdicts);
      const bad = verdicts.filter((v) => !v.good).length;
      if (bad > 0) throw new Error(`${String(bad)} verdicts are bad`);
      passed += verdicts.length;
      await expect("computer removed on the phone", removedOnPhone(sandbox, phone), "rsign_refused");
      report.end("The renewal is complete.");
    } catch (e) {
      await page.screenshot({ path: join(results, "failed.png") }).catch(() => undefined);
      await phone.page.screenshot({ path: join(results, "failed-phone.png") }).catch(() => undefined);
      throw e;
    } finally {
      await phone.context.close();
      await computer.context.close();
    }
  } finally {
    await sandbox.close();
  }
}

/** Takes the card out; what it gives puts it back. */
function takeCard(sandbox: Sandbox): () => void {
  // SoftHSM keeps a token in a folder; without it there is a reader with nothing in it.
  const tokens = join(sandbox.file.dir, "card/tokens");
  const [card] = readdirSync(tokens);
  if (card === undefined) throw new Error("the sandbox has no card");
  const away = join(sandbox.file.dir, "card/away");
  renameSync(join(tokens, card), away);
  return () => renameSync(away, join(tokens, card));
}

/** No card: the preparation says so, and goes on by itself once it is put in. */
async function withoutCard(sandbox: Sandbox, r: Renewal): Promise<void> {
  const putBack = takeCard(sandbox);
  await r.open();
  await r.page.locator("[data-testid=check-card][data-check=failed]").waitFor({ timeout: 20_000 });
  await r.picture("no-card");
  await expect("no card", r.at("check-card").getAttribute("data-code"), "no_card");
  putBack();
  await r.page.locator("[data-testid=preparation][data-ready=yes]").waitFor({ timeout: 20_000 });
}

async function wrongCodes(r: Renewal, right: string): Promise<void> {
  await r.enterCode("");
  await expect("no code", r.at("error-link-code").innerText(), "Enter the renewal code");
  // The right form and check character, and yet nobody's code: that of another authority.
  await r.enterCode(right.slice(0, -1) + (right.endsWith("A") ? "B" : "A"));
  await fails(r, "mistyped code", "code_malformed");
  await r.picture("wrong-code");
}

async function wrongSignatures(sandbox: Sandbox, r: Renewal): Promise<void> {
  const { page } = r;
  const { pin } = sandbox.file.card;

  await bend(page, "renewal/application/signing", (b) => {
    const document = b["document"] as { bytes: string };
    const bytes = Buffer.from(document.bytes, "base64");
    bytes[bytes.length >> 2]! ^= 1;
    document.bytes = bytes.toString("base64");
  });
  await r.at("sign").click();
  await fails(r, "another document under the seal", "seal_invalid");
  await r.picture("seal-invalid");

  await r.openWindow("sign");
  await r.answer("cancelled", "cancel");
  await fails(r, "window cancelled", "user_cancelled");

  await r.openWindow("sign");
  await r.answer("application", "next");
  // Not before the window is there: the agent looks at the card until then, and would find none.
  let putBack = (): void => undefined;
  await r.typePIN("pin-without-card", pin, () => (putBack = takeCard(sandbox)));
  await fails(r, "card taken out at the PIN", "card_removed");
  putBack();

  // A wrong PIN asks again in the window; the page hears nothing of it.
  await bendRequest(page, "renewal/application/signature", (b) => {
    const cms = Buffer.from(b["cms"] as string, "base64");
    cms[cms.length - 1]! ^= 1;
    b["cms"] = cms.toString("base64");
  });
  await r.openWindow("sign");
  await r.answer("application", "next");
  await r.typePIN("pin-wrong", pin === "000000" ? "111111" : "000000");
  await r.typePIN("pin-again", pin);
  await r.windowClosed();
  await fails(r, "signature changed on its way", "signature_invalid");
  await r.screen("sign");
}

async function wrongContact(r: Renewal): Promise<void> {
  await r.screen("contact");
  await r.at("contact-email").fill("nobody");
  await r.at("contact-phone").fill("12");
  await r.at("contact-next").click();
  await expect("wrong phone", r.at("error-link-phone").innerText(), "Enter a mobile phone number, for example +48 600 100 200");
  await r.picture("wrong-contact");
  await expect("nothing typed is lost", r.at("contact-phone").inputValue(), "12");
  // What the page lets through, the portal looks at again.
  await r.at("contact-email").fill("nobody@example..org");
  await r.at("contact-phone").fill("+48 600 100 200");
  await r.at("contact-next").click();
  await fails(r, "wrong e-mail", "email_invalid");
}

async function codesThatDiffer(r: Renewal): Promise<void> {
  await r.openWindow("review-sign");
  await r.answer("codes-differ", "differ");
  await fails(r, "phone shows another code", "codes_differ");
  await r.picture("codes-differ");
}

/** Step 12, and signatures with the certificate in the cloud. */
async function cloud(sandbox: Sandbox, r: Renewal, phone: Phone, report: Report): Promise<void> {
  await cancelledActivation(r);
  await activateRSign(r, phone, report, {
    code: (p, right) => expect("code of no computer", wrongComputerCode(p, right), "computer_unknown"),
  });
  await expect("request refused on the phone", refusedOnPhone(sandbox, r, phone), "rsign_refused");
  await signFile(sandbox, r, phone, report);
}

/** The same card once more, with a new code, after the authority has revoked its certificate. */
async function refusedCertificate(sandbox: Sandbox, r: Renewal): Promise<void> {
  const { file } = sandbox;
  const serial = run("openssl", ["x509", "-in", file.card.qualified, "-noout", "-serial"]).replace("serial=", "");
  run(portalProgram, ["revoke", "--link", join(file.dir, "operator/link"), "--issuer", file.urls.issuer, serial]);
  await r.at("issued-finish").click();
  await r.at("preparation").waitFor();
  await r.prepare();
  await r.enterCode(sandbox.code());
  await r.acceptOffer();
  await r.chooseStart("now");
  await r.chooseCertificate();
  await fails(r, "certificate that was revoked", "certificate_revoked");
  await r.picture("certificate-revoked");
}

test().then(
  () => {
    console.log(`${String(passed)} passed, 0 failed`);
    process.exit(0);
  },
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    console.log(`${String(passed)} passed, 1 failed`);
    process.exit(1);
  },
);
