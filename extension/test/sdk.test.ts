import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, readConfig, sdkFiles } from "../build.mjs";
import type * as Sdk from "../src/sdk/index.ts";

const project = resolve(import.meta.dirname, "..");
const tsc = join(project, "node_modules/typescript/bin/tsc");
const folder = mkdtempSync(join(tmpdir(), "odnowa-sdk-"));
const sdk = join(folder, "sdk");

beforeAll(async () => {
  await build(readConfig(readFileSync(join(project, "sandbox.example.json"), "utf8")), folder);
  execFileSync(process.execPath, [tsc, "-p", join(project, "tsconfig.sdk.json"), "--outDir", join(sdk, "types")], { stdio: "inherit" });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = (...files: string[]) => files.reduce((sum, file) => sum + statSync(join(sdk, file)).size, 0);

// Minified and not compressed; docs/README.md says the same numbers.
describe("what a page loads", () => {
  test("the file that it names: the API, and the elements' shells", () => expect(size("odnowa.js")).toBeLessThanOrEqual(12 * 1024));
  test("with an element: checks and drawing", () => expect(size("checks.js", "preparation.js")).toBeLessThanOrEqual(24 * 1024));
  test.each(["pl", "en"])("the words in %s", (language) => expect(size(`texts.${language}.js`)).toBeLessThanOrEqual(24 * 1024));
  test("nothing of anybody else", () => {
    for (const [, file] of sdkFiles) {
      const imports = [...readFileSync(join(sdk, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, path]) => path);
      for (const path of imports) expect(sdkFiles.map(([, name]) => `./${name}`)).toContain(path);
    }
    expect(JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"))).not.toHaveProperty("dependencies");
  });
  test("one class of errors, in one file", () => {
    const [api, ...others] = sdkFiles.map(([, file]) => readFileSync(join(sdk, file), "utf8"));
    expect(api).toContain('"OdnowaError"');
    for (const other of others) expect(other).not.toContain('"OdnowaError"');
  });
});

test("a server can import it, and make an Odnowa", async () => {
  expect(globalThis).not.toHaveProperty("customElements");
  const module = (await import(pathToFileURL(join(sdk, "odnowa.js")).href)) as typeof Sdk;
  expect(Object.keys(module).sort()).toEqual(["InstallElement", "Odnowa", "OdnowaError", "RenewalElement"]);
  expect(() => new module.Odnowa({ language: "en" })).not.toThrow();
});

test("the portal serves the files that there are", () => {
  const go = readFileSync(join(project, "../portal/web/page.go"), "utf8");
  const served = [...(/var sdkFiles = \[\]string\{(.*)\}/.exec(go)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  expect(served.sort()).toEqual(sdkFiles.map(([, file]) => file).sort());
});

interface Packed {
  name: string;
  files: { path: string }[];
}

test("the package has its code, types, licence and documentation, and nothing else", () => {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: sdk, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" })) as Packed[];
  const paths = (packed?.files ?? []).map(({ path }) => path);
  const code = paths.filter((path) => !path.startsWith("types/") && !path.startsWith("docs/"));
  expect(packed?.name).toBe("@odnowa/sdk");
  expect(code.sort()).toEqual(["LICENSE", "README.md", "checks.js", "odnowa.js", "package.json", "preparation.js", "texts.en.js", "texts.pl.js"]);
  for (const page of ["api", "element", "errors", "seals", "security", "testing", "versions"]) expect(paths).toContain(`docs/${page}.md`);
  for (const path of paths.filter((one) => one.startsWith("types/"))) expect(path).toMatch(/\.d\.ts$/);
  expect(paths).toContain("types/sdk/index.d.ts");
});

/** A web team's own project, with the package installed. */
describe.each([
  ["bundler", "ESNext"],
  ["nodenext", "NodeNext"],
])("types with moduleResolution %s", (resolution, module) => {
  const compile = (source: string) => {
    const work = join(folder, `team-${resolution}`);
    mkdirSync(join(work, "node_modules/@odnowa"), { recursive: true });
    rmSync(join(work, "node_modules/@odnowa/sdk"), { force: true });
    symlinkSync(sdk, join(work, "node_modules/@odnowa/sdk"));
    writeFileSync(join(work, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(work, "page.ts"), source);
    const compilerOptions = { strict: true, noEmit: true, target: "ES2022", lib: ["ES2023", "DOM"], types: [], moduleResolution: resolution, module };
    writeFileSync(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["page.ts"] }));
    try {
      return execFileSync(process.execPath, [tsc, "-p", work], { encoding: "utf8" });
    } catch (failed) {
      return (failed as { stdout: string }).stdout;
    }
  };
  test("are there", () => {
    const use = `import { Odnowa, OdnowaError } from "@odnowa/sdk";
const list = await new Odnowa({ language: "en" }).certificates({ valid: true }, { signal: AbortSignal.timeout(1) });
const pins: ("ok" | "low" | "final" | "locked")[] = list.certificates.map((one) => one.pin);
export const code = (error: OdnowaError): string => error.code + pins.length;
document.querySelector("odnowa-renewal")?.check();`;
    expect(compile(use)).toBe("");
  }, 30_000);
  test("find what is wrong", () => {
    expect(compile(`import { Odnowa } from "@odnowa/sdk"; new Odnowa({ language: "de" }); export {};`)).toContain("TS2322");
  }, 30_000);
});
