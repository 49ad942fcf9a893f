// The licences of what is linked into the agent, for the package's copyright file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";

const repository = join(import.meta.dirname, "..");

/** The copyright file's paragraphs on the Go modules in the agent, and on Go itself. */
export function licences(arch) {
  const env = { ...process.env, CGO_ENABLED: "0", GOOS: "linux", GOARCH: arch };
  const go = (...args) => run("go", args, { cwd: repository, env });
  const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}";
  const lines = go("list", "-deps", "-f", format, "./agent/cmd/odnowa-agent").split("\n").filter(Boolean);
  const modules = [...new Set(lines)].sort().map((line) => line.split("\t"));
  const all = [["Go", go("env", "GOVERSION"), go("env", "GOROOT")], ...modules];
  return all.map(([name, version, folder]) => `\n${name} ${version}\n\n${indented(licence(name, folder))}`).join("");
}

/** The folder's licence and notice; the text of Apache-2.0 is on every Debian system. */
function licence(name, folder) {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|patents)(\.(md|txt))?$/i.test(file)).sort();
  if (!files.some((file) => /^(licen|copying)/i.test(file))) throw new Error(`${name} has no licence in ${folder}`);
  return files.map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return /Apache License\s+Version 2\.0/.test(text) ? "Apache-2.0: /usr/share/common-licenses/Apache-2.0" : text;
  }).join("\n");
}

const indented = (text) => text.trim().split(/\r?\n/).map((line) => `  ${line.trimEnd() || "."}\n`).join("");
