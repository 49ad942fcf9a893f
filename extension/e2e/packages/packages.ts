// The deb on a Debian that boots: installed, used by an ordinary person, upgraded, removed, purged.
//
//   node packages.mjs --machine TAR --authority DIR --older DEB --newer DEB --results DIR
//
// DIR of --authority is a sandbox whose packages the debs are; its test person's card is put into the machine.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DiagnoseResult, HelloResult, ListResult } from "../../src/bridge/types.gen.ts";
import { run, until } from "../command.ts";
import type { SandboxFile } from "../sandbox.ts";
import { equal, passed, truth } from "./expect.ts";
import { Host } from "./host.ts";
import { Machine, person } from "./machine.ts";

const program = "/usr/lib/odnowa/odnowa-agent";
const policyFile = "/etc/odnowa/agent.json";
const manifests = {
  chromium: ["/etc/chromium", "/etc/opt/chrome", "/etc/opt/edge"].map((dir) => `${dir}/native-messaging-hosts/pl.odnowa.agent.json`),
  firefox: "/usr/lib/mozilla/native-messaging-hosts/pl.odnowa.agent.json",
};
const autostart = "/etc/xdg/autostart/odnowa-agent-session.desktop";
const otherExtension = "abcdefghijklmnopabcdefghijklmnop";

interface CA {
  origins: { origin: string; sealKeys: string[] }[];
  modules: { name: string; path: string }[];
  extension: { key: string; geckoId: string };
}

const names = ["machine", "authority", "older", "newer", "results"] as const;
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])) });
const option = (name: (typeof names)[number]): string => {
  const value = values[name];
  if (typeof value !== "string") throw new Error(`--${name} is missing`);
  return value;
};

const sandbox = JSON.parse(readFileSync(join(option("authority"), "sandbox.json"), "utf8")) as SandboxFile & { installer: string };
const ca = JSON.parse(readFileSync(sandbox.installer, "utf8")) as CA;
const origin = ca.origins[0]!.origin;
const older = { deb: option("older"), version: version(option("older")) };
const newer = { deb: option("newer"), version: version(option("newer")) };

/** The program's own version, without Debian's revision. */
function version(deb: string): string {
  return run("dpkg-deb", ["--field", deb, "Version"]).replace(/-\d+$/, "");
}

async function test(): Promise<void> {
  mkdirSync(option("results"), { recursive: true });
  const m = Machine.unpack(option("machine"), option("results"), join(option("results"), "console.log"));
  try {
    insertCard(m);
    for (const { deb } of [older, newer]) cpSync(deb, join(m.root, "root", deb.slice(deb.lastIndexOf("/") + 1)));
    switchedOff(m);
    await m.boot();
    await service(m);
    await session(m);
    await browsers(m);
    await stopped(m);
    await upgrade(m);
    await removal(m);
  } finally {
    await m.remove();
  }
}

/** SoftHSM finds its tokens by the user's own configuration, as real cards' software finds a reader. */
function insertCard(m: Machine): void {
  const home = join(m.root, "home", person.name);
  cpSync(join(sandbox.dir, "card/tokens"), join(home, "card"), { recursive: true });
  mkdirSync(join(home, ".config/softhsm2"), { recursive: true });
  writeFileSync(join(home, ".config/softhsm2/softhsm2.conf"), `directories.tokendir = /home/${person.name}/card\n`);
  m.offline("chown", "-R", `${person.name}:`, `/home/${person.name}`);
}

const inMachine = (deb: string): string => `/root/${deb.slice(deb.lastIndexOf("/") + 1)}`;

/** Installing into a system that does not run, as when an image is made: files, owners, modes; purged to nothing. */
function switchedOff(m: Machine): void {
  const find = ["find", "/etc", "/usr", "/var", "-xdev", "-not", "-path", "/var/lib/dpkg/*", "-not", "-path", "/var/log/*"];
  const before = new Set(m.offline(...find).split("\n"));
  m.offline("dpkg", "--install", inMachine(older.deb));
  shipped(m);
  m.offline("dpkg", "--purge", "odnowa-agent");
  const after = new Set(m.offline(...find).split("\n"));
  equal("purged, nothing is left", [...after].filter((path) => !before.has(path)), []);
  // dpkg takes an empty folder along that no other package lists; base-files makes this one in its script.
  equal("purged, nothing is missing", [...before].filter((path) => !after.has(path)), ["/etc/opt"]);
  m.offline("dpkg", "--install", inMachine(older.deb));
}

function shipped(m: Machine): void {
  const own = m.offline("dpkg", "--listfiles", "odnowa-agent").split("\n").filter((path) => path !== "/.");
  const stats = m.offline("stat", "--format", "%n %U:%G %A", ...own).split("\n");
  equal("nothing that others than root may write or own", stats.filter((s) => !/ root:root (l|.{5}-..-)/.test(s)), []);
  equal("mode of the policy", stats.filter((s) => s.startsWith(policyFile)), [`${policyFile} root:root -rw-r--r--`]);
  equal("mode of the program", stats.filter((s) => s.startsWith(`${program} `)), [`${program} root:root -rwxr-xr-x`]);
  equal("no setuid, setgid or capabilities", stats.filter((s) => /[sS]/.test(s.slice(-9))), []);
  equal("command", m.offline("readlink", "--canonicalize", "/usr/bin/odnowa-agent"), program);

  const conffiles = m.offline("dpkg-query", "--show", "--showformat=${Conffiles}", "odnowa-agent").match(/\/\S+/g) ?? [];
  equal("configuration files", conffiles.sort(), [policyFile, ...manifests.chromium, autostart].sort());
  const policy = json(m, policyFile) as Record<string, unknown>;
  const extensions = { chromium: [sandbox.extension.id], firefox: [ca.extension.geckoId] };
  equal("policy", policy, { service: true, extensions, origins: ca.origins, modules: ca.modules });
  const manifest = { name: "pl.odnowa.agent", description: "Odnowa Agent", path: program, type: "stdio" };
  for (const path of manifests.chromium) {
    equal(path, json(m, path), { ...manifest, allowed_origins: [`chrome-extension://${sandbox.extension.id}/`] });
  }
  equal(manifests.firefox, json(m, manifests.firefox), { ...manifest, allowed_extensions: [ca.extension.geckoId] });
}

function json(m: Machine, path: string): unknown {
  return JSON.parse(readFileSync(join(m.root, path), "utf8"));
}

const property = (m: Machine, name: string): string => m.run("systemctl", "show", "--property", name, "--value", "odnowa-agent.service");

/** The service: started by itself, with nearly no rights, on loopback only. */
async function service(m: Machine): Promise<void> {
  equal("state after the boot", property(m, "ActiveState"), "active");
  equal("enabled", m.run("systemctl", "is-enabled", "odnowa-agent.service"), "enabled");
  const status = m.run("cat", `/proc/${property(m, "MainPID")}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  truth("user of its own", Number(field("Uid").split("\t")[0]) >= 61184); // systemd's dynamic users (systemd.exec(5))
  for (const set of ["CapPrm", "CapEff", "CapBnd", "CapAmb"]) equal(set, Number(`0x${field(set)}`), 0);
  equal("no new privileges, system calls filtered", [field("NoNewPrivs"), field("Seccomp")], ["1", "2"]);
  // In tenths: systemd calls up to 2.0 "OK" at its best.
  truth("exposure at most 2.0", m.try("systemd-analyze", "security", "--threshold=20", "odnowa-agent.service").ok);
  await until("the WebSocket's port", 10_000, () => (listening(m).length > 0 ? true : undefined));
  equal("listens on loopback only", listening(m), ["127.0.0.1:22701", "[::1]:22701"]);
  equal("a website at the port is refused", http(m, "https://evil.example"), "HTTP/1.1 403 Forbidden");
  equal("another extension is refused", http(m, `chrome-extension://${otherExtension}`), "HTTP/1.1 403 Forbidden");
  equal("the extension is let in", http(m, `chrome-extension://${sandbox.extension.id}`), "HTTP/1.1 101 Switching Protocols");
}

/** All TCP ports that are listened on. The machine has nothing else that listens. */
function listening(m: Machine): string[] {
  return m
    .run("ss", "--no-header", "--listening", "--tcp", "--numeric")
    .split("\n")
    .map((line) => line.split(/\s+/)[3] ?? "")
    .filter(Boolean)
    .sort();
}

/** The first line of the answer to a WebSocket's opening request, asked as the ordinary user. */
function http(m: Machine, from: string): string {
  const request = [
    "GET /v1 HTTP/1.1",
    "Host: 127.0.0.1:22701",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: odnowa.v1",
    `Origin: ${from}`,
  ];
  const script = 'exec 3<>/dev/tcp/127.0.0.1/22701; printf "%s\\r\\n" "$@" "" >&3; IFS= read -r line <&3; echo "${line%$\'\\r\'}"';
  return m.user("bash", "-c", script, "bash", ...request).text;
}

const userUnit = (m: Machine, ...command: string[]): string =>
  m.run("systemctl", "--user", "--machine", `${person.name}@`, ...command, "odnowa-agent-session.service");

const journal = (m: Machine): string => m.run("journalctl", "--boot", "--output", "cat", "--unit", "odnowa-agent.service");

/** A person logs in, has a card, and looks at it from a terminal. */
async function session(m: Machine): Promise<void> {
  equal("the session's unit is enabled for everybody", userUnit(m, "is-enabled"), "enabled");
  // What a desktop does when it starts: it says where the display is, and reaches graphical-session.target.
  m.run("systemctl", "--user", "--machine", `${person.name}@`, "set-environment", `DISPLAY=${person.display}`);
  userUnit(m, "start");
  await until("the session at the service", 10_000, () => (journal(m).includes(`"session connected"`) ? true : undefined));
  truth("the service knows the session's user", journal(m).includes(`"user":"${person.id}"`));
  equal("version", m.user("odnowa-agent", "version").text, `odnowa-agent ${older.version}`);
  const certificates = m.user("odnowa-agent", "certificates");
  truth("certificates on the card", certificates.ok && certificates.text.includes("TESTOWA"));
  const doctor = m.user("odnowa-agent", "doctor");
  truth("doctor finds everything well", doctor.ok && !/FAILED|WARNING|UNKNOWN/.test(doctor.text));
}

/** Starts a native host as a browser of the person does. */
function browse(m: Machine, ...args: string[]): Host {
  return new Host(m.spawn({ stdio: ["pipe", "pipe", "inherit"] }, program, ...args));
}

const hello = { origin, client: { name: "test", version: "1" }, versions: [1], language: "en" };
const list = { origin, filter: { nonRepudiation: true, valid: true } };
const chromium = (): string => `chrome-extension://${sandbox.extension.id}/`;

async function browsers(m: Machine): Promise<void> {
  for (const args of [[chromium()], [manifests.firefox, ca.extension.geckoId]]) {
    const host = browse(m, ...args);
    const { agent } = await host.call<HelloResult>("agent.hello", hello);
    equal(`hello to ${args.join(" ")}`, agent.version, older.version);
    const { checks } = await host.call<DiagnoseResult>("agent.diagnose", { origin });
    equal("what it lacks", checks.filter((c) => c.state !== "ok"), []);
    const { certificates } = await host.call<ListResult>("certificates.list", list);
    truth("certificates for the page", certificates.length > 0);
    equal("another website", await host.ask("certificates.list", { ...list, origin: "https://evil.example" }), { code: "origin_not_allowed" });
    await host.close();
  }
  const other = browse(m, `chrome-extension://${otherExtension}/`);
  equal("another extension", await other.ask("agent.hello", hello), { code: "origin_not_allowed" });
  await other.close();
}

/** A stopped service stops the agent. */
async function stopped(m: Machine): Promise<void> {
  const host = browse(m, chromium());
  await host.call("agent.hello", hello);
  m.run("systemctl", "stop", "odnowa-agent.service");
  equal("list while the service is stopped", await host.ask("certificates.list", list), { code: "service_stopped" });
  const doctor = m.user("odnowa-agent", "doctor", "--json");
  truth("doctor says so", !doctor.ok && doctor.text.includes(`"service_stopped"`));
  equal("nobody listens", listening(m), []);
  m.run("systemctl", "start", "odnowa-agent.service");
  await until("the session at the service again", 10_000, async () => {
    const answer = await host.ask("certificates.list", list);
    return "result" in answer ? true : undefined;
  });
  await host.close();
}

/** Processes of the agent, and of those the ones whose program is no more. */
function processes(m: Machine): { all: string[]; old: string[] } {
  const lines = m.run("bash", "-c", 'for p in /proc/[0-9]*; do echo "$p $(readlink $p/exe)"; done').split("\n");
  const all = lines.filter((line) => line.includes(program));
  return { all, old: all.filter((line) => line.endsWith("(deleted)")) };
}

async function upgrade(m: Machine): Promise<void> {
  const host = browse(m, chromium());
  const { limits } = await host.call<HelloResult>("agent.hello", hello);
  // The default is 120 s a question.
  const changed = { ...(json(m, policyFile) as object), windowTimeoutMs: 60_000 };
  writeFileSync(join(m.root, policyFile), JSON.stringify(changed));
  const running = await host.call<HelloResult>("agent.hello", hello);
  equal("the running session follows the changed policy", running.limits.windowMs, limits.windowMs / 2);
  const before = property(m, "MainPID");
  m.run("dpkg", "--install", inMachine(newer.deb));
  equal("the changed policy", json(m, policyFile), changed);
  equal("version", m.user("odnowa-agent", "version").text, `odnowa-agent ${newer.version}`);
  truth("the service is another process", property(m, "MainPID") !== before && property(m, "ActiveState") === "active");
  await until("the older version's processes to end", 10_000, () => (processes(m).old.length === 0 ? true : undefined));
  await host.ended;
  passed("a browser's host of the older version ended");
  equal("the session's unit", userUnit(m, "is-active"), "active");
  const next = browse(m, chromium());
  const answer = await next.call<HelloResult>("agent.hello", hello);
  equal("hello after the upgrade", answer.agent.version, newer.version);
  equal("the new session follows the changed policy", answer.limits.windowMs, limits.windowMs / 2);
  await next.close();
}

const leftovers = (m: Machine): string[] =>
  m
    .run("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/root", ")", "-prune", "-o", "-iname", "*odnowa*", "-print")
    .split("\n")
    // What people keep in their homes (the session's log, computers' keys for rSign) is no package's to remove.
    .filter((path) => path !== "" && !path.startsWith("/home/person/.local/state/odnowa-agent"));

async function removal(m: Machine): Promise<void> {
  // A session that no unit knows: a native host starts it where there is none.
  userUnit(m, "stop");
  const host = browse(m, chromium());
  await host.call("agent.hello", hello);
  await host.close();
  truth("a session that the browser started", processes(m).all.length > 1);

  m.run("dpkg", "--remove", "odnowa-agent");
  await until("all processes to end", 10_000, () => (processes(m).all.length === 0 ? true : undefined));
  equal("nobody listens", listening(m), []);
  equal("removed, configuration and state stay", leftovers(m).filter((path) => !/^\/(etc|var\/lib)\//.test(path)), []);
  truth("the changed policy stays", readFileSync(join(m.root, policyFile), "utf8").includes("60000"));

  m.run("dpkg", "--install", inMachine(newer.deb));
  equal("installed on a running system, the service starts", property(m, "ActiveState"), "active");
  truth("with the policy that was kept", readFileSync(join(m.root, policyFile), "utf8").includes("60000"));
  await until("its port", 10_000, () => (listening(m).length === 2 ? true : undefined));

  m.run("dpkg", "--purge", "odnowa-agent");
  equal("purged, nothing runs", processes(m).all, []);
  equal("purged, nothing listens", listening(m), []);
  equal("purged, nothing is left", leftovers(m), []);
  equal("no failed unit", m.run("systemctl", "list-units", "--failed", "--no-legend"), "");
  truth("no account", spawnSync("grep", ["--quiet", "--ignore-case", "odnowa", join(m.root, "etc/passwd"), join(m.root, "etc/group")]).status === 1);
}

test().then(
  () => process.exit(0),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exit(1);
  },
);
