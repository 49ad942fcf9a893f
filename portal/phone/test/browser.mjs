// One person with a phone: a whole enrolment in a real Chromium, with a real SAM. Started by
// TestPhoneInBrowser of portal/sam, which plays the portal. SHOTS=folder leaves pictures there.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [chromiumPath, site, control, camera] = process.argv.slice(2);
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

/**
 * The portal's half: create (an enrolment whose QR code the camera sees), look, confirm, issue, void;
 * and a computer's: computer (shows a new one's code), ask (for a signature, id is the label), answer.
 */
async function portal(what, id = "") {
  const response = await fetch(`${control}/${what}?id=${encodeURIComponent(id)}`);
  assert.equal(response.status, 200, `${what}: ${response.status}`);
  return response.json();
}

const browser = await chromium.launch({
  executablePath: chromiumPath, headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${camera}`],
});

async function newPhone(locale) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale, isMobile: true, hasTouch: true, permissions: ["camera"] });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  // A content security policy that is in the way shows here and nowhere else.
  page.on("console", (m) => { if (/policy|violat/i.test(m.text())) errors.push(m.text()); });
  const at = (id) => page.getByTestId(id);
  let n = 0;
  const arrive = async (screen) => {
    await at(`screen-${screen}`).waitFor();
    if (shots) await page.screenshot({ path: `${shots}/${locale}-${String(++n).padStart(2, "0")}-${screen}.png`, fullPage: true });
  };
  const fault = (code) => page.locator(`[data-testid=error][data-code=${code}]`).waitFor();
  const reload = async (screen) => { await page.reload(); await at(`screen-${screen}`).waitFor(); };
  return { context, page, at, arrive, fault, reload, errors };
}

async function backup(p) {
  const group = (await p.at("recovery-code").innerText()).trim().split(/\s+/).at(-1);
  await p.at("recovery-last").fill("ZZZZ");
  await p.at("backup-continue").click();
  await p.fault("backup_first");
  const [download] = await Promise.all([p.page.waitForEvent("download"), p.at("backup-save").click()]);
  assert.match(download.suggestedFilename(), /^rsign-kopia-.*\.json$/);
  await p.at("backup-continue").click();
  await p.fault("recovery_last");
  await p.at("recovery-last").fill(group.toLowerCase());
  await p.at("backup-continue").click();
}

async function choosePIN(p, first, second) {
  await p.at("pin-first").fill(first);
  await p.at("pin-second").fill(second);
  await p.at("pin-continue").click();
}

async function tryPIN(p, pin) {
  await p.at("activate-pin").fill(pin);
  await p.at("activate-continue").click();
}

/** What lies on the phone, as text: nothing in it may tell the PIN. */
const stored = (p) => p.page.evaluate(() => new Promise((resolve, reject) => {
  const open = indexedDB.open("rsign", 1);
  open.onerror = reject;
  open.onsuccess = () => {
    const all = open.result.transaction("phones").objectStore("phones").getAll();
    all.onsuccess = () => resolve(all.result.map((r) => ({ names: Object.keys(r).sort(), extractable: r.device.privateKey.extractable })));
  };
}));

const one = await portal("create");
const p = await newPhone("pl-PL");
await p.page.goto(site);
await p.arrive("start");
await p.at("start-camera").click();
await p.arrive("number");
assert.equal(await p.at("number-value").innerText(), "WN/2026/TEST-1");
await p.reload("number");
await p.at("number-continue").click();
await p.arrive("backup");
await p.reload("backup");
await backup(p);
await p.arrive("pin");
await p.reload("pin");
await choosePIN(p, "123456", "123456");
await p.fault("pin_trivial");
await choosePIN(p, "835172", "835173");
await p.fault("pin_differs");
await choosePIN(p, "835172", "835172");
await p.arrive("activate");
await p.reload("activate");
await tryPIN(p, "835173");
await p.fault("pin_incorrect");
assert.equal(await p.at("activate-pin").inputValue(), "");
await tryPIN(p, "835172");
await p.arrive("code");
const code = (await p.at("code-value").innerText()).replace(" ", "");
assert.equal((await portal("look", one.id)).code, code);
await p.reload("code");
assert.equal((await p.at("code-value").innerText()).replace(" ", ""), code);
assert.deepEqual(await stored(p), [{
  names: ["backupPublic", "code", "counter", "device", "enrolment", "number", "phone", "secret", "since", "step", "tokenHash"], extractable: false,
}]);
await portal("confirm", one.id);
await p.arrive("issuing");
await portal("issue", one.id);
await p.arrive("active");
assert.equal(await p.at("certificate-name").innerText(), "Żaneta TESTOWA");
await p.at("language").click();
await p.page.getByRole("heading", { name: "Your certificate is active" }).waitFor();
await p.page.evaluate(() => navigator.serviceWorker.ready);
await p.context.setOffline(true);
await p.reload("active");
await p.at("waiting").waitFor();
await p.context.setOffline(false);
await p.at("waiting").waitFor({ state: "detached" });
await p.at("language").click();

// A computer: its code, a PIN, the list.
const idle = (phone) => phone.page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
async function typeCode(phone, typed) {
  await phone.at("computer-code").fill(typed);
  await phone.at("computer-code-continue").click();
}
async function enterPIN(phone, kind, pin) {
  await phone.at(`${kind}-pin`).fill(pin);
  await phone.at(kind === "request" ? "request-approve" : "computer-confirm").click();
}
async function addComputer(phone, pin) {
  const { code: shown } = await portal("computer");
  await phone.at("computer-add").click();
  await typeCode(phone, shown);
  await phone.at("screen-computer-found").waitFor();
  await enterPIN(phone, "computer", pin);
  await phone.at("screen-computer-added").waitFor();
  await phone.at("computer-done").click();
}

const { code: shown } = await portal("computer");
await p.at("computer-add").click();
await p.arrive("computer-code");
await typeCode(p, "12345");
await p.fault("code_form");
await typeCode(p, shown === "000000" ? "000001" : "000000");
await p.fault("computer_unknown");
await typeCode(p, `${shown.slice(0, 3)} ${shown.slice(3)}`);
await p.arrive("computer-found");
assert.equal(await p.at("computer-name").innerText(), "Dell TEST (Linux)");
await enterPIN(p, "computer", "835173");
await p.fault("pin_incorrect");
assert.equal(await p.at("computer-pin").inputValue(), "");
await enterPIN(p, "computer", "835172");
await p.arrive("computer-added");
await p.at("computer-done").click();
await p.at("computers-show").click();
await p.arrive("computers");
assert.equal(await p.at("computer").count(), 1);
await p.at("computers-back").click();

// A signature: it comes by itself, shows what is signed, wants the PIN.
const asked = await portal("ask", "Umowa „Żółw” <b>TEST</b>.pdf");
await p.arrive("request");
assert.equal(await p.at("request-label").innerText(), "Umowa „Żółw” <b>TEST</b>.pdf");
assert.equal(await p.at("request-computer").innerText(), "Dell TEST (Linux)");
assert.equal(await p.at("request-hash").innerText(), asked.hash);
await enterPIN(p, "request", "835173");
await p.fault("pin_incorrect");
await enterPIN(p, "request", "835172");
await p.arrive("approved");
assert.equal((await portal("answer")).answer, "signed");
await p.at("request-done").click();
await portal("ask", "druga.pdf");
await p.at("screen-request").waitFor();
await p.reload("request");
await p.at("request-refuse").click();
await p.arrive("refused");
assert.equal((await portal("answer")).answer, "access_denied");
await p.at("request-done").click();

// Another document under the person's finger closes what was shown, and is not shown in its place.
await portal("ask", "trzecia.pdf");
await p.at("screen-request").waitFor();
await portal("ask", "czwarta.pdf");
await p.fault("request_over");
await p.arrive("active");
await p.at("request-show").click();
await p.at("screen-request").waitFor();
assert.equal(await p.at("request-label").innerText(), "czwarta.pdf");
await p.at("request-refuse").click();
await p.at("request-done").click();

// A computer that is removed asks for nothing more.
await p.at("computers-show").click();
await p.at("computer-remove").click();
await p.arrive("computer-remove");
await p.at("remove-cancel").click();
await p.at("computer-remove").click();
await p.at("remove-confirm").click();
await p.at("screen-computers").waitFor();
assert.equal(await p.at("computer").count(), 0);
assert.equal((await portal("ask", "piąta.pdf")).answer, "invalid_token");
await p.at("computers-back").click();

// A link asks first; a locked PIN ends it; the same code again begins anew; another phone takes over.
const two = await portal("create");
const q = await newPhone("en-GB");
await q.page.goto(two.url);
await q.arrive("link");
assert.equal(new URL(q.page.url()).hash, "");
await q.at("link-continue").click();
await q.arrive("number");
await q.at("number-continue").click();
await q.arrive("backup");
await backup(q);
await choosePIN(q, "473920", "473920");
await q.arrive("activate");
for (const code of ["pin_incorrect", "pin_incorrect", "pin_locked"]) {
  await tryPIN(q, "473921");
  await q.fault(code);
  await q.page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
}
await q.arrive("stopped");
await q.at("start-again").click();
await q.arrive("start");
await q.page.goto("about:blank");
await q.page.goto(two.url);
await q.at("link-continue").click();
await q.at("screen-number").waitFor();

await p.page.goto("about:blank");
await p.page.goto(two.url);
await p.at("link-continue").click();
await p.at("screen-number").waitFor();
await q.fault("phone_replaced");
await portal("void", two.id);
await p.fault("enrolment_void");
await p.at("start-again").click();
await p.at("screen-active").waitFor(); // what the phone had is still there

// A SAM that says another code than the phone computes is a hard end.
const three = await portal("create");
await q.at("start-again").click();
await q.page.goto("about:blank");
await q.page.goto(three.url);
await q.at("link-continue").click();
await q.at("number-continue").click();
await backup(q);
await choosePIN(q, "473920", "473920");
await q.at("screen-activate").waitFor();
await q.page.route("**/api/v1/activate", (route) => route.fulfill({ json: { code: "none" } }));
await tryPIN(q, "473920");
await q.fault("code_mismatch");

// Three wrong PINs end a phone that signs, for good.
await addComputer(p, "835172");
await portal("ask", "ostatnia.pdf");
await p.at("screen-request").waitFor();
for (const fault of ["pin_incorrect", "pin_incorrect", "signing_locked"]) {
  await enterPIN(p, "request", "835173");
  await p.fault(fault);
  await idle(p);
}
await p.arrive("stopped");
await p.reload("stopped");
assert.equal((await portal("answer")).answer, "invalid_request");

assert.deepEqual([...p.errors, ...q.errors], []);
await browser.close();
