// Walks through every screen of preparation and wizard, and through its failures, in a real Chromium with a made-up
// portal and host; `look` is called at each of them.
import { startPreview } from "./browser.mjs";

/** The preparation where something is not installed. */
async function missing(language, look, name, what) {
  const lacking = await startPreview({ language, ...what });
  try {
    const page = await lacking.browser.newPage();
    await page.goto(lacking.portal.origin);
    await page.locator(`[data-testid=check-${name}][data-check=failed]`).waitFor();
    await look(page, `preparation-no-${name}`);
  } finally {
    await lacking.stop();
  }
}

/** All of it; `look(page, name)` at each screen. */
export async function walk(language, look) {
  await missing(language, look, "extension", { extension: false });
  const preview = await startPreview({ language });
  try {
    await renewal(preview, look);
  } finally {
    await preview.stop();
  }
}

/** What a screen is driven by. */
function hands(preview, page) {
  const at = (test) => page.getByTestId(test);
  return {
    ...preview,
    page,
    at,
    press: (test) => at(test).click(),
    screen: (name) => page.locator(`[data-testid=wizard][data-screen=${name}][data-busy=no]`).waitFor(),
    failed: (code) => page.locator(`[data-testid=error-summary][data-code=${code}]`).waitFor(),
    waits: () => page.locator("[data-progress=waiting_for_pin]").waitFor(),
  };
}

async function renewal(preview, look) {
  const page = await preview.browser.newPage();
  page.on("pageerror", (error) => console.log("page error:", error.message));
  page.setDefaultTimeout(10_000);
  const h = hands(preview, page);
  const see = (name) => look(page, name);
  await preparation(h, see);
  await codes(h, see);
  await cards(h, see);
  await application(h, see);
  await signing(h, see);
  await phone(h, see);
  await contact(h, see);
  await review(h, see);
  await issued(h, see);
  await activation(h, see);
  await losses(h, see);
}

async function preparation(h, see) {
  const { page, at } = h;
  await h.install("missing");
  await page.goto(h.portal.origin);
  await page.locator("[data-testid=check-agent][data-code=agent_missing]").waitFor();
  await see("preparation-no-agent");
  await h.install("here");
  await h.cards(h.none);
  await h.press("preparation-check");
  await page.locator("[data-testid=check-card][data-check=failed]").waitFor();
  await see("preparation-no-card");
  await h.cards(h.some);
  await at("preparation-start").waitFor();
  await see("preparation");
  await h.press("preparation-start");
}

async function codes(h, see) {
  const { at } = h;
  await h.screen("start");
  await see("start");
  await h.press("help");
  await see("start-help");
  await h.press("start-renew");
  await h.press("code-next");
  await see("code-missing");
  await at("code-input").pressSequentially("abcd 1234efgh");
  await h.press("code-next");
  await h.failed("code_unknown");
  await see("code-unknown");
  h.portal.faults.set("POST /renewal", [410, "code_expired"]);
  await h.press("code-next");
  await h.failed("code_expired");
  await see("code-expired");
  h.portal.faults.clear();
  await at("code-input").fill("test-abcd-1234-efgh-5678");
  await see("code");
  await h.press("code-next");
  await h.screen("offer");
  await see("offer");
  await h.press("offer-next");
  await h.screen("validity");
  await at("start-now").check();
  await see("validity");
}

/** A browser that does not find the agent, may not start it, or sees it crash: provoked for real. */
async function agents(h, see) {
  const fails = (code) => h.page.locator(`[data-testid=cards-failure][data-code=${code}]`).waitFor();
  await h.install("missing");
  await h.press("validity-next");
  await h.screen("certificate");
  await fails("agent_missing");
  await see("certificate-agent_missing");
  await h.install("forbidden");
  await h.press("certificate-refresh");
  await fails("agent_forbidden");
  await see("certificate-agent_forbidden");
  await h.install("crashing");
  await h.press("certificate-refresh");
  await fails("agent_crashed");
  await see("certificate-agent_crashed");
  await h.install("here");
  await h.press("cure-retry");
  await h.at("certificate-choice").waitFor();
}

/** Everything that can be wrong with agent, reader, card and certificate. */
async function cards(h, see) {
  const { page, at } = h;
  await agents(h, see);
  await h.cards(h.none);
  const says = (code) => page.locator(`[data-testid=no-certificate][data-code=${code}]`).waitFor();
  await says("no_card");
  await see("certificate-no-card");
  for (const [check, code] of [["reader", "no_reader"], ["modules", "pcsc_stopped"], ["modules", "no_module"]]) {
    await h.checks(`${check} ${code}`);
    await says(code);
    await see(`certificate-${code}`);
  }
  await h.checks("");
  await h.cards({ ...h.none, modules: [{ name: "slow", code: "module_slow" }] });
  await page.locator("[data-code=module_slow]").waitFor();
  await see("certificate-module_slow");
  await h.cards({ ...h.some, certificates: [] });
  await says("no_certificate");
  await see("certificate-unusable");
  for (const code of ["service_stopped", "no_session", "origin_not_allowed", "policy_invalid", "not_paired", "version_unsupported"]) {
    await h.list(code);
    await page.locator(`[data-testid=cards-failure][data-code=${code}]`).waitFor();
    await see(`certificate-${code}`);
    if (code === "not_paired") await pairing(h, see);
  }
  await h.list("");
  await h.cards({ ...h.some, certificates: [{ ...h.some.certificates[0], pin: "locked" }] });
  await at("certificate-choice").waitFor();
  await see("certificate-locked");
  await h.cards(h.some);
  await page.locator("[data-testid=certificate-choice]:not(:disabled)").waitFor();
  await at("certificate-refused").locator("summary").click();
  await see("certificate");
  for (const code of ["certificate_expired", "certificate_revoked", "identity_required", "start_too_late"]) {
    h.portal.faults.set("PUT /renewal/certificate", [422, code]);
    await h.press("certificate-next");
    await h.failed(code);
    await see(`certificate-${code}`);
  }
  await h.press("report-copy");
  await at("report").waitFor();
  await see("certificate-report");
  h.portal.faults.clear();
}

/** The dialog that pairs the browser; the preview has no service to pair with. */
async function pairing(h, see) {
  await h.press("pair");
  await h.at("pairing-failed").waitFor();
  await see("pairing-failed");
  await h.press("pairing-cancel");
}

async function application(h, see) {
  await h.press("certificate-next");
  await h.screen("application");
  await see("application");
  await h.press("application-next");
  await see("application-not-accepted");
  await h.press("application-change");
  await h.screen("withdraw");
  await see("withdraw");
  await h.press("withdraw-keep");
  await h.at("terms-accept").check();
  await h.press("application-next");
  await h.screen("sign");
  await see("sign");
}

async function signing(h, see) {
  await h.press("sign");
  await h.waits();
  await see("sign-waiting");
  await h.press("sign-cancel");
  await h.failed("request_cancelled");
  await see("sign-cancelled");
  for (const code of ["pin_locked", "card_removed", "seal_invalid"]) {
    await h.press("sign");
    await h.waits();
    await h.sign(code);
    await h.failed(code);
    await see(`sign-${code}`);
  }
  await h.page.context().setOffline(true);
  await h.press("sign");
  await h.failed("portal_unreachable");
  await see("sign-offline");
  await h.page.context().setOffline(false);
  await h.press("cure-retry");
  await h.waits();
  await h.sign("ok");
  await h.screen("signed");
  await see("signed");
  await h.press("signed-next");
}

async function phone(h, see) {
  const { page, at } = h;
  await h.screen("phone");
  await at("phone-qr").evaluate((image) => image.decode());
  await see("phone");
  h.portal.phone("scanned");
  await page.locator("[data-phone=scanned]").waitFor();
  await see("phone-scanned");
  h.portal.phone("ready");
  await at("phone-next").waitFor();
  await see("phone-ready");
  await page.reload();
  await h.screen("phone");
  await h.press("phone-next");
}

async function contact(h, see) {
  const { at } = h;
  await h.screen("contact");
  await h.press("contact-next");
  await see("contact-missing");
  await at("contact-email").fill("zaneta@test.example");
  await at("contact-phone").fill("600 100 200");
  await see("contact");
  await h.press("contact-next");
}

async function review(h, see) {
  const { page } = h;
  await h.screen("review");
  await see("review");
  await h.press("review-correct-phone");
  await h.screen("contact");
  await h.press("contact-next");
  await h.screen("review");
  await h.press("leave");
  await h.screen("leaving");
  await see("leaving");
  await h.press("leave-keep");
  await h.press("review-sign");
  await h.waits();
  await see("review-waiting");
  h.portal.change({ state: "confirmed" });
  await h.sign("codes_differ");
  await h.failed("codes_differ");
  await page.reload();
  await h.screen("issuing");
  await see("issuing");
  await h.press("issue");
}

async function issued(h, see) {
  await h.screen("issued");
  await see("issued");
  await h.press("issued-activate");
}

async function activation(h, see) {
  const { page, at } = h;
  const waits = () => page.locator("[data-activation=waiting_for_phone]").waitFor();
  await h.screen("activate");
  await see("activate");
  await h.press("activate");
  await waits();
  await see("activate-code");
  await h.press("activate-cancel");
  await h.screen("activate");
  await h.press("activate");
  await waits();
  await h.activation("rsign_expired");
  await h.failed("rsign_expired");
  await see("activate-expired");
  await h.press("activate");
  await waits();
  await h.activation("found_by_phone");
  await page.locator("[data-activation=found_by_phone]").waitFor();
  await see("activate-found");
  await h.activation("active");
  await at("activated-certificate").waitFor();
  await see("activated");
  await h.press("activate-back");
  await h.screen("issued");
}

/** The renewal found again, the session gone, the portal away. */
async function losses(h, see) {
  const { page } = h;
  h.portal.change({ state: "application_drawn_up", issued: undefined });
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(h.portal.origin);
  await h.press("preparation-start");
  await h.screen("start");
  await see("start-found");
  await h.press("start-resume");
  await h.screen("application");
  h.portal.forget();
  await h.at("terms-accept").check();
  h.portal.faults.set("PUT /renewal/terms", [401, "no_session"]);
  await h.press("application-next");
  await h.failed("no_session");
  await see("no-session");
  h.portal.faults.set("GET /portal", [503, ""]);
  await page.reload();
  await h.failed("portal_unreachable");
  await see("unavailable");
}
