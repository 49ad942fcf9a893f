// Walks through every screen of preparation and wizard and takes a picture of each:
//
//   node preview/tour.mjs DIR [pl|en] [width]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startPreview } from "./browser.mjs";

const [folder = "dist/preview", language = "pl", width = "1280"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
let count = 0;

const picture = async (page, name) => {
  const path = join(folder, `${String(++count).padStart(2, "0")}-${name}.png`);
  await page.screenshot({ path, fullPage: true });
  console.log(path);
};

/** The preparation where something is not installed. */
async function missing(name, what) {
  const lacking = await startPreview({ language, width: Number(width), ...what });
  try {
    const page = await lacking.browser.newPage();
    await page.goto(lacking.portal.origin);
    await page.locator(`[data-testid=check-${name}][data-check=failed]`).waitFor();
    await picture(page, `preparation-no-${name}`);
  } finally {
    await lacking.stop();
  }
}

await missing("extension", { extension: false });
await missing("agent", { agent: false });

const preview = await startPreview({ language, width: Number(width) });
const { portal } = preview;

try {
  const page = await preview.browser.newPage();
  page.on("console", (message) => console.log("console:", message.text()));
  page.on("pageerror", (error) => console.log("page error:", error.message));
  page.setDefaultTimeout(10_000);
  const at = (test) => page.getByTestId(test);
  const press = (test) => at(test).click();
  const screen = (name) => page.locator(`[data-testid=wizard][data-screen=${name}][data-busy=no]`).waitFor();
  await preview.cards(preview.none);
  await page.goto(portal.origin);
  await page.locator("[data-testid=check-card][data-check=failed]").waitFor();
  await picture(page, "preparation-no-card");
  await preview.cards(preview.some);
  await at("preparation-start").waitFor();
  await picture(page, "preparation");

  await press("preparation-start");
  await screen("start");
  await picture(page, "start");
  await press("start-renew");
  await press("code-next");
  await picture(page, "code-missing");
  await at("code-input").pressSequentially("abcd 1234efgh");
  await press("code-next");
  await page.locator("[data-testid=error-summary][data-code=code_unknown]").waitFor();
  await picture(page, "code-unknown");
  await at("code-input").fill("test-abcd-1234-efgh-5678");
  await picture(page, "code");
  await press("code-next");
  await screen("offer");
  await picture(page, "offer");
  await press("offer-next");
  await screen("validity");
  await at("start-now").check();
  await picture(page, "validity");
  await preview.cards(preview.none);
  await press("validity-next");
  await screen("certificate");
  await at("no-certificate").waitFor();
  await picture(page, "certificate-none");
  await preview.cards(preview.some);
  await at("certificate-choice").waitFor();
  await at("certificate-refused").locator("summary").click();
  await picture(page, "certificate");
  portal.faults.set("PUT /renewal/certificate", [422, "identity_required"]);
  await press("certificate-next");
  await page.locator("[data-testid=error-summary][data-code=identity_required]").waitFor();
  await picture(page, "certificate-identity-required");
  portal.faults.clear();
  await press("certificate-next");
  await screen("application");
  await picture(page, "application");
  await press("application-next");
  await picture(page, "application-not-accepted");
  await press("application-change");
  await screen("withdraw");
  await picture(page, "withdraw");
  await press("withdraw-keep");
  await at("terms-accept").check();
  await press("application-next");
  await screen("sign");
  await picture(page, "sign");
  await press("sign");
  await page.locator("[data-progress=waiting_for_pin]").waitFor();
  await picture(page, "sign-waiting");
  await press("sign-cancel");
  await page.locator("[data-testid=error-summary][data-code=request_cancelled]").waitFor();
  await picture(page, "sign-cancelled");
  await press("sign");
  await page.locator("[data-progress=waiting_for_pin]").waitFor();
  await preview.sign("pin_locked");
  await page.locator("[data-testid=error-summary][data-code=pin_locked]").waitFor();
  await picture(page, "sign-pin-locked");
  await press("sign");
  await page.locator("[data-progress=waiting_for_pin]").waitFor();
  await preview.sign("ok");
  await screen("signed");
  await picture(page, "signed");
  await press("signed-next");
  await screen("phone");
  await at("phone-qr").evaluate((image) => image.decode());
  await picture(page, "phone");
  portal.phone("scanned");
  await page.locator("[data-phone=scanned]").waitFor();
  await picture(page, "phone-scanned");
  portal.phone("ready");
  await at("phone-next").waitFor();
  await picture(page, "phone-ready");
  await page.reload();
  await screen("phone");
  await press("phone-next");
  await screen("contact");
  await press("contact-next");
  await picture(page, "contact-missing");
  await at("contact-email").fill("zaneta@test.example");
  await at("contact-phone").fill("600 100 200");
  await picture(page, "contact");
  await press("contact-next");
  await screen("review");
  await picture(page, "review");
  await press("review-correct-phone");
  await screen("contact");
  await press("contact-next");
  await screen("review");
  await press("leave");
  await screen("leaving");
  await picture(page, "leaving");
  await press("leave-keep");
  await press("review-sign");
  await page.locator("[data-progress=waiting_for_pin]").waitFor();
  await picture(page, "review-waiting");
  portal.change({ state: "confirmed" });
  await preview.sign("codes_differ");
  await page.locator("[data-testid=error-summary][data-code=codes_differ]").waitFor();
  await page.reload();
  await screen("issuing");
  await picture(page, "issuing");
  await press("issue");
  await screen("issued");
  await picture(page, "issued");
  await press("issued-activate");
  await screen("activate");
  await picture(page, "activate");
  await press("activate");
  await page.locator("[data-activation=waiting_for_phone]").waitFor();
  await picture(page, "activate-code");
  await press("activate-cancel");
  await screen("activate");
  await press("activate");
  await page.locator("[data-activation=waiting_for_phone]").waitFor();
  await preview.activation("rsign_expired");
  await page.locator("[data-testid=error-summary][data-code=rsign_expired]").waitFor();
  await picture(page, "activate-expired");
  await press("activate");
  await page.locator("[data-activation=waiting_for_phone]").waitFor();
  await preview.activation("found_by_phone");
  await page.locator("[data-activation=found_by_phone]").waitFor();
  await picture(page, "activate-found");
  await preview.activation("active");
  await at("activated-certificate").waitFor();
  await picture(page, "activated");
  await press("activate-back");
  await screen("issued");
  await press("issued-finish");
  await at("preparation").waitFor();
} finally {
  await preview.stop();
}
