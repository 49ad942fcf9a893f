#!/usr/bin/env node
// A native messaging host for the preview only: answers as an agent with one card would, and waits
// at signature.create until a file named by ODNOWA_PREVIEW/sign appears (its text is the outcome).
// ODNOWA_PREVIEW/cards.json is the list's result; a change of it is told as certificates.changed. "list" there is a code
// that the list fails with, "checks" a list of "id code" for the checks that fail. Each request is written down in "heard".
import { appendFileSync, existsSync, readFileSync, rmSync, watch } from "node:fs";
import { join } from "node:path";

const folder = process.env.ODNOWA_PREVIEW;
const file = (name) => join(folder, name);
const write = (message) => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  process.stdout.write(Buffer.concat([length, body]));
};
const failed = (id, code) => write({ id, error: { code: -32001, message: code, data: { code } } });
const cards = () => JSON.parse(readFileSync(file("cards.json"), "utf8"));
const lever = (name) => (existsSync(file(name)) ? readFileSync(file(name), "utf8").trim() : "");
const ok = { state: "ok" };
const order = ["agent", "service", "window", "modules", "reader", "card", "certificate"];
let signing;
let activating;

watch(folder, (_, name) => {
  if (name === "cards.json" || name === "list" || name === "checks") write({ method: "certificates.changed", params: {} });
  if (name === "activation" && activating && existsSync(file("activation"))) moveOn(readFileSync(file("activation"), "utf8").trim());
  if (name === "sign" && signing && existsSync(file("sign"))) finish(readFileSync(file("sign"), "utf8").trim());
});

function finish(outcome) {
  const id = signing;
  signing = undefined;
  rmSync(file("sign"), { force: true });
  if (outcome === "ok") write({ id, result: { cms: "MAA=", algorithm: "RS256", shown: ["number"] } });
  else failed(id, outcome);
}

const activation = (state) => write({ method: "rsign.progress", params: { requestId: activating, state, code: "048215" } });

/** The phone's part of an activation: "found_by_phone", "active" or a code. */
function moveOn(state) {
  rmSync(file("activation"), { force: true });
  if (state === "found_by_phone") {
    activation(state);
    return;
  }
  const id = activating;
  activating = undefined;
  const [card] = JSON.parse(readFileSync(file("cloud.json"), "utf8")).certificates;
  if (state === "active") write({ id, result: { state, certificate: { ...card, source: "rsign", token: "rSign", reader: "" } } });
  else failed(id, state);
}

const methods = {
  "agent.hello": () => ({
    agent: { name: "odnowa-agent", version: "0.1.0" },
    version: 1,
    features: [],
    limits: { documentBytes: 1 << 24, windowMs: 120_000 },
  }),
  "agent.diagnose": () => {
    const failing = lever("checks") || (cards().certificates.length > 0 ? "" : "card no_card");
    const [at, code] = failing.split(" ");
    const state = (id) => (order.indexOf(id) < order.indexOf(at) || !failing ? ok : { state: "unknown" });
    return { checks: order.map((id) => ({ id, ...(id === at ? { state: "failed", code, cause: "Cause.", cure: "Cure." } : state(id)) })) };
  },
  "certificates.list": cards,
  "request.cancel": ({ requestId }) => {
    if (requestId === signing) finish("request_cancelled");
    else if (requestId === activating) moveOn("request_cancelled");
    else return { cancelled: false };
    return { cancelled: true };
  },
};

function received({ id, method, params }) {
  appendFileSync(file("heard"), `${JSON.stringify({ id, method, params, pid: process.pid })}\n`);
  if (method === "certificates.list" && lever("list")) {
    failed(id, lever("list"));
    return;
  }
  if (method === "signature.create") {
    signing = id;
    write({ method: "signature.progress", params: { requestId: id, state: "waiting_for_pin" } });
    return;
  }
  if (method === "rsign.activate") {
    activating = id;
    activation("waiting_for_phone");
    return;
  }
  write({ id, result: methods[method](params) });
}

let buffer = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE(0)) {
    const end = 4 + buffer.readUInt32LE(0);
    received(JSON.parse(buffer.subarray(4, end).toString()));
    buffer = buffer.subarray(end);
  }
});
process.stdin.on("end", () => {
  if (signing) appendFileSync(file("heard"), `${JSON.stringify({ id: signing, method: "closed", pid: process.pid })}\n`);
  process.exit(0);
});
