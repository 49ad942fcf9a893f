import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as esbuild from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { errorsPage } from "../generate.mjs";
import { elementName } from "../src/bridge/page.ts";
import { InstallElement, RenewalElement } from "../src/sdk/element.ts";
import { Odnowa } from "../src/sdk/odnowa.ts";
import { rows } from "../src/sdk/rows.ts";

const project = resolve(import.meta.dirname, "..");
const docs = join(project, "docs");
const pages = readdirSync(docs).filter((name) => name.endsWith(".md"));
const read = (path: string) => readFileSync(join(project, path), "utf8");

interface Sample {
  page: string;
  language: string;
  text: string;
}

/** Every sample of every page; those in a list are indented with it. */
const samples: Sample[] = pages.flatMap((page) =>
  [...read(`docs/${page}`).matchAll(/^( *)```(\w+)\n([^]*?)^\1```$/gm)].map(([, indent = "", language = "", text = ""]) => ({
    page,
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  })),
);
const of = (language: string) => samples.filter((sample) => sample.language === language);

// In the project, so that the compiler finds what it finds.
mkdirSync(join(project, "dist"), { recursive: true });
const work = mkdtempSync(join(project, "dist/docs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("TypeScript samples compile", () => {
  const found = of("ts");
  expect(found.length).toBeGreaterThan(7);
  const files = found.map(({ text, page }, index) => {
    const name = `${page.replace(".md", "")}-${index}.ts`;
    writeFileSync(join(work, name), text.includes("export") || text.includes("import") ? text : `${text}\nexport {};\n`);
    return name;
  });
  const compilerOptions = { noUnusedLocals: false, types: [], paths: { "@odnowa/sdk": [join(project, "src/sdk/index.ts")] } };
  const config = { extends: join(project, "tsconfig.json"), compilerOptions, include: [], files: [...files, join(project, "src/look/css.d.ts")] };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config));
  let said = "";
  try {
    execFileSync(process.execPath, [join(project, "node_modules/typescript/bin/tsc"), "-p", work], { encoding: "utf8" });
  } catch (failed) {
    said = (failed as { stdout: string }).stdout;
  }
  expect(said).toBe("");
}, 30_000);

test("JSX and JavaScript samples are well formed", async () => {
  expect(of("jsx").length + of("js").length).toBeGreaterThan(1);
  for (const { text, language } of [...of("jsx"), ...of("js")]) await esbuild.transform(text, { loader: language as "jsx" | "js" });
});

const attributes = new Set([
  ...RenewalElement.observedAttributes, "extension-chrome", "extension-edge", "extension-firefox", "agent-windows", "agent-macos", "agent-linux",
]);

/** Attributes of our elements in a page's text; Vue's bindings are the attributes that they bind. */
function used(text: string): [element: string, attribute: string][] {
  return [...text.matchAll(/<(odnowa-[a-z]+)([^>]*)>/g)].flatMap(([, element = "", inside = ""]) =>
    [...inside.replaceAll(/\{\{.*?\}\}/g, "").replaceAll(/=("[^"]*"|\{[^}]*\})/g, "").matchAll(/[@:]?[\w-]+/g)].map(([name]): [string, string] => [element, name.replace(/^:/, "")]),
  );
}

test("samples use the elements as they are", () => {
  for (const { text } of [...of("html"), ...of("jsx")])
    for (const [element, attribute] of used(text)) {
      expect([elementName, "odnowa-install"]).toContain(element);
      if (!attribute.startsWith("@") && attribute !== "ref") expect(attributes, text).toContain(attribute);
    }
});

describe("every part of the SDK is described", () => {
  const element = read("docs/element.md");
  test.each([...attributes])("attribute %s", (name) => expect(element).toContain(`\`${name}\``));
  const tells: string[] = [...read("src/sdk/element.ts").matchAll(/^ {2}"(odnowa-\w+)": CustomEvent/gm)].map(([, name = ""]) => name);
  test.each(tells)("event %s", (name) => expect(element).toContain(`\`${name}\``));
  test.each(rows)("step missing-%s", (row) => expect(element).toContain(`\`missing-${row}\``));
  const properties = new Set([...read("src/look/tokens.css").matchAll(/--odnowa-[a-z-]+/g)].map(([name]) => name));
  test.each([...properties])("property %s", (name) => expect(element).toContain(`\`${name}\``));
  const drawn = ["preparation.ts", "drawing/row.ts"].map((file) => read(`src/sdk/${file}`)).join("");
  const parts = new Set([...drawn.matchAll(/part: "([a-z ]+)"/g)].flatMap(([, names = ""]) => names.split(" ")));
  test.each([...parts])("part %s", (name) => expect(element).toContain(`\`${name}\``));
  const methods = Object.getOwnPropertyNames(Odnowa.prototype).filter((name) => !["constructor", "reopens"].includes(name));
  test.each(methods)("method %s", (name) => expect(read("docs/api.md")).toMatch(new RegExp(`^## ${name}\\(`, "m")));
  test("errors, as they are now: npm run generate", async () => expect(read("docs/errors.md")).toBe(await errorsPage()));
  test("sizes are those that are held", () => {
    const held = [...read("test/sdk.test.ts").matchAll(/(\d+) \* 1024/g)].map(([, size]) => size);
    for (const size of held) expect(read("docs/README.md")).toContain(`at most ${size} KB`);
  });
});

test("links lead somewhere", () => {
  for (const page of pages)
    for (const [, to = ""] of read(`docs/${page}`).matchAll(/\]\(([^)]+)\)/g)) {
      // In the package the README stands beside the folder of the others.
      const path = page === "README.md" ? to.replace(/^docs\//, "") : to;
      expect(existsSync(join(docs, path)), `${page}: ${to}`).toBe(true);
    }
});

describe("the portal's pages use the SDK by its public surface only", () => {
  const portal = (name: string) => read(`../portal/web/pages/${name}.html`);
  test.each(["page", "pl", "en"])("%s", (name) => {
    const html = portal(name);
    for (const [, script] of html.matchAll(/<script[^>]*src="([^"]+)"/g)) expect(script).toBe("/assets/odnowa.js");
    for (const [element, attribute] of used(html)) {
      expect([elementName, "odnowa-install"]).toContain(element);
      expect(attributes).toContain(attribute);
    }
    expect(html).not.toMatch(/odnowa\.(seen|wizard|connect)|data-testid|shadowRoot/);
  });
  test("both elements are there, in both languages", () => {
    for (const language of ["pl", "en"])
      for (const element of [elementName, "odnowa-install"]) expect(portal(language)).toContain(`<${element} lang="${language}"`);
  });
  test("its style uses what is documented", () => {
    for (const [name] of read("../portal/web/static/portal.css").matchAll(/--odnowa-[a-z]+[a-z-]*/g)) expect(read("docs/element.md")).toContain(`\`${name}\``);
  });
});

test("the classes are what the documentation says", () => {
  expect(InstallElement.observedAttributes).toBe(RenewalElement.observedAttributes);
});
