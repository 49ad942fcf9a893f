// Builds the packages of one CA:
//
//   node build.mjs --ca FILE [--crx-key PEM] --version V --arch A --agent FILE --nfpm FILE --out DIR
//
// FILE of --ca is described in ca.mjs; the PEM is the extension's private key, without which there is no CRX.
// --agent is the program for Linux on A (Go's name of it: amd64, arm64). DIR is emptied. SOURCE_DATE_EPOCH (seconds;
// default: the last commit's) is the only time in the packages: same input, same bytes.
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build as buildExtension, extensionId } from "../extension/build.mjs";
import { extensionConfig, policy, readCA } from "./ca.mjs";
import { crx, publicKey } from "./crx.mjs";
import { licences } from "./licences.mjs";
import { run } from "./run.mjs";

const here = import.meta.dirname;
const installed = "/usr/lib/odnowa/odnowa-agent";

/** Fills the @NAME@ places of a template; one without a value is an error. */
function render(template, values) {
  return readFileSync(join(here, template), "utf8").replaceAll(/@([A-Z_0-9]+)@/g, (_, name) => {
    if (values[name] === undefined) throw new Error(`${template}: no value for @${name}@`);
    return values[name];
  });
}

/** The deb: renders everything into a folder and has nfpm pack it. */
function buildDeb({ ca, version, arch, agent, nfpm, epoch, out }) {
  const stage = join(out, "deb");
  mkdirSync(stage, { recursive: true });
  const date = new Date(epoch * 1000);
  const values = {
    AGENT: installed,
    CHROMIUM_EXTENSION: extensionId(ca.extension.key),
    FIREFOX_EXTENSION: ca.extension.geckoId,
    CA: ca.name,
    MAINTAINER: ca.maintainer,
    VERSION: version,
    ARCH: arch,
    DATE: date.toISOString().replace(".000", ""),
    DATE_DAY: date.toISOString().slice(0, 10),
    DATE_RFC5322: date.toUTCString().replace("GMT", "+0000"),
  };
  const put = (name, content) => writeFileSync(join(stage, name), content);
  const rendered = (template) => put(basename(template), render(template, values));
  const packed = (name, content) => put(`${name}.gz`, gzipSync(content, { level: 9 }));

  copyFileSync(agent, join(stage, "odnowa-agent"));
  put("agent.json", `${JSON.stringify(policy(ca), null, 2)}\n`);
  for (const name of readdirSync(join(here, "linux"))) rendered(`linux/${name}`);
  for (const name of readdirSync(join(here, "native-messaging"))) rendered(`native-messaging/${name}`);
  for (const name of ["nfpm.yaml", "postinst", "prerm", "postrm", "lintian-overrides"]) rendered(`deb/${name}`);
  put("copyright", render("deb/copyright", values) + licences(arch));
  packed("odnowa-agent.1", render("deb/odnowa-agent.1", values));
  packed("changelog.Debian", render("deb/changelog.Debian", values));
  packed("changelog", readFileSync(join(here, "../CHANGELOG.md")));

  settle(stage, epoch);
  run(nfpm, ["package", "--packager", "deb", "--target", join(out, `odnowa-agent_${version}-1_${arch}.deb`)], { cwd: stage });
  rmSync(stage, { recursive: true });
}

/** The extension: zip for the stores, XPI (the same bytes) for Firefox, CRX for installation by policy. */
async function buildExtensions({ ca, version, crxKey, epoch, out }) {
  const { extension } = await buildExtension(extensionConfig(ca, version), out);
  settle(extension, epoch);
  const names = readdirSync(extension, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  const paths = names.map((f) => join(f.parentPath, f.name).slice(extension.length + 1)).sort();
  const zip = join(out, `odnowa-${version}.zip`);
  // -X: no users, groups, or times beyond the entry's own.
  run("zip", ["-q", "-X", "-9", zip, ...paths], { cwd: extension, env: { ...process.env, TZ: "UTC" } });
  const bytes = readFileSync(zip);
  writeFileSync(zip.replace(/zip$/, "xpi"), bytes);
  if (crxKey !== undefined) writeFileSync(zip.replace(/zip$/, "crx"), crx(bytes, crxKey));
  for (const folder of ["extension", "sdk"]) rmSync(join(out, folder), { recursive: true });
}

/** Gives all files below a folder one time and one mode, whatever the umask. Scripts get theirs from nfpm. */
function settle(folder, epoch) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() ? 0o755 : 0o644);
    utimesSync(path, epoch, epoch);
  }
}

function lastCommit() {
  return run("git", ["log", "-1", "--format=%ct"], { cwd: here });
}

async function main() {
  const options = ["ca", "crx-key", "version", "arch", "agent", "nfpm", "out"];
  const { values } = parseArgs({ options: Object.fromEntries(options.map((name) => [name, { type: "string" }])) });
  const missing = options.find((name) => !values[name] && name !== "crx-key");
  if (missing) throw new Error(`--${missing} is missing`);
  const ca = readCA(readFileSync(values.ca, "utf8"));
  const crxKey = values["crx-key"] && readFileSync(values["crx-key"], "utf8");
  if (crxKey && publicKey(crxKey).toString("base64") !== ca.extension.key) throw new Error(`${values["crx-key"]} is not the key of the CA's extension`);
  const epoch = Number(process.env.SOURCE_DATE_EPOCH || lastCommit());
  const { version, arch } = values;
  const [agent, nfpm, out] = [values.agent, values.nfpm, values.out].map((path) => resolve(path));

  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  buildDeb({ ca, version, arch, agent, nfpm, epoch, out });
  await buildExtensions({ ca, version, crxKey, epoch, out });
  const files = readdirSync(out).sort();
  const hash = (name) => createHash("sha256").update(readFileSync(join(out, name))).digest("hex");
  const sums = files.map((name) => `${hash(name)}  ${name}\n`).join("");
  writeFileSync(join(out, "SHA256SUMS"), sums);
  process.stdout.write(sums);
}

main().catch((e) => {
  console.error(e instanceof Error ? e.message : e);
  process.exit(1);
});
