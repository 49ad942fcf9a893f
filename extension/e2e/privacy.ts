// Searches what the processes wrote for what they must never write.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Secret {
  /** What it is; the secret itself is never printed. */
  readonly name: string;
  readonly value: string;
}

export interface Leak {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** The ways in which a secret can stand in a log. Digits are only found as a number of their own, not inside a hash. */
function patterns(s: Secret): RegExp[] {
  const escaped = (v: string) => v.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (/^\d+$/.test(s.value)) return [new RegExp(`(?<![0-9A-Za-z.:-])${s.value}(?![0-9A-Za-z:-])`)];
  const forms = new Set([
    s.value,
    s.value.replaceAll(/[\s-]/g, ""),
    encodeURIComponent(s.value),
    Buffer.from(s.value).toString("base64").replace(/=+$/, ""),
  ]);
  return [...forms].map((f) => new RegExp(escaped(f), "i"));
}

export function searchLogs(dirs: readonly string[], secrets: readonly Secret[]): { files: number; leaks: Leak[] } {
  const files = dirs.flatMap(filesBelow);
  const leaks: Leak[] = [];
  const wanted = secrets.map((s) => ({ name: s.name, patterns: patterns(s) }));
  for (const file of files) {
    readFileSync(file, "utf8")
      .split("\n")
      .forEach((text, i) => {
        for (const w of wanted) if (w.patterns.some((p) => p.test(text))) leaks.push({ file, line: i + 1, name: w.name });
      });
  }
  return { files: files.length, leaks };
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && /\.(log|jsonl)$/.test(entry.name) ? [path] : [];
  });
}
