// A portal for the preview only: the contract's states in memory, no check of anything, made-up
// answers. It serves the page, the SDK and /api/v1, so that every screen can be looked at without a CA.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sdkFiles } from "../build.mjs";

const day = 86_400_000;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

const page = (language) => `<!doctype html><html lang="${language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Odnowa: preview</title>
<style>:root{color-scheme:light dark}body{margin:0;background:light-dark(#eef2f6,#0e151d);font-family:system-ui,sans-serif}main{padding:1rem;max-width:48rem;margin:auto}
h1{font-size:1.25rem;color:light-dark(#14508f,#8ec5ff)}@media(max-width:30rem){main{padding:.5rem}}</style>
<main><h1>Odnowienie TEST</h1><odnowa-renewal install-url="https://extension.ca.example/"></odnowa-renewal></main>
<script type="module" src="/sdk/odnowa.js"></script></html>`;

const qr = () => {
  const cells = [];
  const bits = createHash("sha512").update("preview").digest();
  for (let y = 0; y < 29; y++)
    for (let x = 0; x < 29; x++) if (((bits[(y * 7 + x * 3) % 64] >> (x + y) % 8) & 1) === 1) cells.push(`M${x + 2} ${y + 2}h1v1h-1z`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 33 33"><rect width="33" height="33" fill="#fff"/><path d="${cells.join("")}"/></svg>`;
};

/** The one renewal there is, and who watches it. */
class Renewal {
  value;
  #watchers = new Set();

  change(values) {
    this.value = { ...this.value, ...values, version: (this.value?.version ?? 0) + 1 };
    for (const watcher of this.#watchers) this.#send(watcher);
    return this.value;
  }

  forget() {
    this.value = undefined;
  }

  watch(request, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    this.#watchers.add(response);
    this.#send(response);
    request.on("close", () => this.#watchers.delete(response));
  }

  /** Cuts the events off, as a network that goes away. */
  dropWatchers() {
    for (const watcher of this.#watchers) watcher.destroy();
  }

  #send(response) {
    if (this.value) response.write(`id: ${this.value.version}\nevent: renewal\ndata: ${JSON.stringify(this.value)}\n\n`);
  }
}

const open = () => ({
  state: "opened",
  offer: { months: 24, target: "cloud" },
  codeExpires: iso(Date.now() + 60 * day),
  latestStart: iso(Date.now() + 90 * day),
  nextNeedsIdentification: true,
});

const validity = (start) => {
  const from = start === "now" ? Date.now() : Date.now() + 30 * day;
  return { notBefore: iso(from), notAfter: iso(from + 730 * day) };
};

const issued = ({ phone, validity }) => ({
  state: "issued",
  phone: { ...phone, state: "active" },
  confirmedAt: iso(Date.now()),
  issued: {
    serialNumber: "3f2a90c4d1e85b7706aa12",
    sha256: createHash("sha256").update("preview").digest("hex"),
    validity,
    issuer: "Odnowa TEST Qualified CA",
  },
});

const about = (origin) => ({
  name: "Urząd Certyfikacji TEST",
  test: true,
  origin,
  issuers: [],
  terms: { version: "3.1", url: "/terms", sha256: "0".repeat(64) },
  privacy: { version: "2.0", url: "/privacy", sha256: "0".repeat(64) },
  support: { email: "pomoc@ca.example", phone: "+48 22 123 45 67" },
  phoneApp: "http://rsign.localhost:8701",
  signing: "open",
});

/** What each request does; a list is a problem: [status, code, field]. */
function operations(renewal, certificate, origin) {
  const change = (values) => renewal.change(values);
  const signing = (name, mediaType, format) => ({
    certificateId: certificate.id,
    document: { name, mediaType, bytes: Buffer.from("preview").toString("base64") },
    format,
    seal: "preview",
  });
  return {
    "GET /portal": () => about(origin()),
    "POST /renewal": ({ code }) => (/^TEST/i.test(code) ? change(renewal.value ?? open()) : [404, "code_unknown", "code"]),
    "GET /renewal": () => renewal.value ?? [404, "no_session"],
    "POST /renewal/leave": () => {
      renewal.forget();
      return [204];
    },
    "PUT /renewal/start": ({ start }) => change({ state: "start_chosen", start }),
    "PUT /renewal/certificate": () =>
      change({ state: "certificate_chosen", certificate: certificate.old, validity: validity(renewal.value.start) }),
    "POST /renewal/application": () => change({ state: "application_drawn_up", application: { number: "TEST-2026-000123" } }),
    "DELETE /renewal/application": () => {
      const { version } = renewal.value;
      renewal.value = { version };
      return change(open());
    },
    "PUT /renewal/terms": () => change({ state: "terms_accepted" }),
    "GET /renewal/application/signing": () => signing("wniosek.pdf", "application/pdf", "pades"),
    "PUT /renewal/application/signature": () => {
      const enrolmentUrl = `http://rsign.localhost:8701/#${randomBytes(16).toString("base64url")}`;
      const application = { ...renewal.value.application, signedAt: iso(Date.now()), enrolmentUrl };
      return change({ state: "application_signed", application, phone: { state: "waiting" } });
    },
    "PUT /renewal/contact": (contact) => change({ state: "contact_given", contact: { ...contact, phone: `+48${contact.phone.replace("+48", "")}` } }),
    "POST /renewal/confirmation": () => change({ state: "confirmation_drawn_up" }),
    "GET /renewal/confirmation/signing": () => signing("potwierdzenie.txt", "text/plain", "cades"),
    "PUT /renewal/confirmation/signature": () => change(issued(renewal.value)),
    "POST /renewal/issue": () => change(issued(renewal.value)),
    "POST /renewal/computer-offer": () => ({ offer: "preview-offer" }),
  };
}

/** What is served besides: media type and content by path. */
const files = (sdk, language) => ({
  "/": () => ["text/html", page(language)],
  ...Object.fromEntries(sdkFiles.map(([, name]) => [`/sdk/${name}`, async () => ["text/javascript", await readFile(join(sdk, name))]])),
  "/api/v1/renewal/application/qr.svg": () => ["image/svg+xml", qr()],
  "/api/v1/renewal/application.pdf": () => ["application/pdf", "%PDF-1.7"],
  "/api/v1/renewal/confirmation.txt": () => ["text/plain; charset=utf-8", "Potwierdzenie TEST"],
});

const policy = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src 'self'";

function answer(response, result) {
  if (!Array.isArray(result)) {
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(result));
    return;
  }
  const [status, code, field] = result;
  const problem = { type: "about:blank", title: code, status, code, field };
  response.writeHead(status, { "Content-Type": "application/problem+json" }).end(code ? JSON.stringify(problem) : undefined);
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
}

/** Starts the portal; `certificate` is that of the test person. Answers with its address and levers. */
export async function startPortal({ sdk, certificate, language, port = 0 }) {
  const renewal = new Renewal();
  const faults = new Map(); // "PUT /renewal/start" -> [status, code]
  let origin = "";
  const known = operations(renewal, certificate, () => origin);
  const served = files(sdk, language);

  async function serve(request, response) {
    const { pathname } = new URL(request.url, "http://preview");
    if (pathname === "/api/v1/renewal/events") {
      renewal.watch(request, response);
      return;
    }
    const params = await body(request);
    const name = `${request.method} ${pathname.replace("/api/v1", "")}`;
    if (faults.has(name)) answer(response, faults.get(name));
    else if (known[name]) answer(response, known[name](params));
    else {
      const [type, content] = (await served[pathname]?.()) ?? [];
      if (type) response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy }).end(content);
      else response.writeHead(404).end();
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  origin = `http://odnowa.localhost:${server.address().port}`;
  return {
    origin,
    faults,
    /** Moves the phone on: "scanned", "ready". */
    phone: (state) => renewal.change({ phone: { state, ...(state === "ready" && { code: "048215" }) } }),
    change: (values) => renewal.change(values),
    forget: () => renewal.forget(),
    dropWatchers: () => renewal.dropWatchers(),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
