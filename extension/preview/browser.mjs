// Starts the preview: fake portal and host, the real extension in a real Chromium.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, readConfig } from "../build.mjs";
import { startPortal } from "./portal.mjs";

const here = import.meta.dirname;
const subject = "/C=PL/CN=Żaneta TESTOWA/GN=Żaneta/SN=TESTOWA/serialNumber=PNOPL-00000000000";

function certificate(folder) {
  const key = join(folder, "key.pem");
  const der = execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-days", "30",
    "-subj", subject, "-outform", "DER", "-keyout", key,
  ], { stdio: ["ignore", "pipe", "ignore"] });
  const id = createHash("sha256").update(der).digest("hex");
  const now = Date.now();
  const [notBefore, notAfter] = [now, now + 30 * 86_400_000].map((ms) => new Date(ms).toISOString());
  const person = { commonName: "Żaneta TESTOWA", givenName: "Żaneta", surname: "TESTOWA", serialNumber: "PNOPL-00000000000", country: "PL" };
  return {
    id,
    listed: {
      id, der: der.toString("base64"), chain: [], source: "card", token: "TEST", reader: "SoftHSM slot 0", keyType: "EC",
      keyBits: 256, algorithms: ["ES256"], keyUsage: ["nonRepudiation"], pin: "ok", pinPad: false,
    },
    old: { id, serialNumber: "5a01c2", issuer: "Odnowa TEST Qualified CA", subject: person, validity: { notBefore, notAfter } },
  };
}

/** A port that nobody listens on: the preview's agent has no service. */
async function unusedPort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Makes the hosts. The function it gives sets how the browser finds the agent; browser.d.mts has the ways. */
async function hosts(folder, profile, levers, id) {
  const script = async (name, lines) => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${lines}\n`);
    await chmod(path, 0o755);
    return path;
  };
  const host = await script("host.sh", `ODNOWA_PREVIEW='${levers}' exec '${process.execPath}' '${join(here, "host.mjs")}'`);
  // It has read before it ends: Chromium has another word for a host that ends before it is spoken to.
  const crashing = await script("crashing.sh", "head -c 4 >/dev/null\nexit 1");
  const manifest = { name: "pl.odnowa.agent", description: "preview", path: host, type: "stdio", allowed_origins: [`chrome-extension://${id}/`] };
  const changed = { forbidden: { allowed_origins: ["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"] }, crashing: { path: crashing } };
  const file = join(profile, "NativeMessagingHosts/pl.odnowa.agent.json");
  await mkdir(join(profile, "NativeMessagingHosts"), { recursive: true });
  return async (how) => {
    await rm(file, { force: true });
    if (how !== "missing") await writeFile(file, JSON.stringify({ ...manifest, ...changed[how] }));
  };
}

/** Everything for one look at the wizard; `stop` removes it again. Extension and agent can be left out. */
export async function startPreview({ language, headless = true, width = 1280, extension = true, agent = true, args = [], open = true }) {
  const folder = await mkdtemp(join(tmpdir(), "odnowa-preview-"));
  const profile = join(folder, "profile");
  const levers = join(folder, "agent");
  await mkdir(levers);
  const config = readConfig(await readFile(join(here, "../sandbox.example.json"), "utf8"));
  const test = certificate(folder);
  const built = await build({ ...config, origins: ["http://odnowa.localhost:*"], agentPort: await unusedPort(), testOnlyOpenShadow: open }, folder);
  const portal = await startPortal({ sdk: built.sdk, certificate: test, language });

  /** Puts a file in place at once, so that the host never reads half of one. */
  const put = async (name, text) => {
    await writeFile(join(folder, name), text);
    await rename(join(folder, name), join(levers, name));
  };
  const cards = (list) => put("cards.json", JSON.stringify(list));
  const some = {
    certificates: [test.listed],
    refused: [{ reason: "key_usage", reader: "SoftHSM slot 0" }, { reason: "expired", reader: "SoftHSM slot 0" }],
    modules: [{ name: "softhsm2" }],
  };
  await cards(some);
  await put("cloud.json", JSON.stringify(some));
  const install = await hosts(folder, profile, levers, built.id);
  await install(agent ? "here" : "missing");
  // Without it an unpacked extension does not come back from a reload.
  await mkdir(join(profile, "Default"), { recursive: true });
  await writeFile(join(profile, "Default/Preferences"), JSON.stringify({ extensions: { ui: { developer_mode: true } } }));

  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless,
    viewport: { width, height: 900 },
    args: ["--no-sandbox", "--disable-gpu", ...(extension ? [`--load-extension=${built.extension}`] : []), ...args],
    ignoreDefaultArgs: ["--disable-extensions"],
  });
  return {
    portal,
    browser,
    cards,
    some,
    none: { certificates: [], refused: [], modules: [] },
    install,
    extension: built.extension,
    id: built.id,
    /** The list fails with this code, or no longer. */
    list: (code) => put("list", code),
    /** The check that fails and its code ("reader no_reader"), or none. */
    checks: (failing) => put("checks", failing),
    /** Every request that reached the agent so far. */
    heard: () => (existsSync(join(levers, "heard")) ? readFileSync(join(levers, "heard"), "utf8").trim().split("\n").map((line) => JSON.parse(line)) : []),
    /** Ends a waiting signature: "ok" or a code. */
    sign: (outcome) => put("sign", outcome),
    activation: (state) => put("activation", state),
    stop: async () => {
      await browser.close();
      portal.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
