// Builds extension and SDK for one CA:
//
//   node build.mjs --config FILE --out DIR
//
// FILE is JSON:
//   name     the CA's name, shown in the browser's list of extensions
//   version  of the extension, up to four numbers
//   origins  the portal's origins, exact: "https://renewal.ca.example", a port only where it is not
//            the scheme's own; "http://host.localhost:*" takes any port (sandboxes)
//   key      the extension's public key: base64 of the DER of its SubjectPublicKeyInfo; gives its id
//   geckoId  the extension's id in Firefox
//   agentPort  of the agent's loopback WebSocket, as in the agent's policy; 22701 where it is left out
//   testOnlyOpenShadow  true: tests can look into the wizard; never for people's builds
//
// DIR/extension is the unpacked extension, DIR/sdk the npm package @odnowa/sdk without its .d.ts, which
// `npm run build:types` adds (to dist/sdk). Prints {"id", "extension", "sdk"}.
//
// The SDK is the one file that a page names, odnowa.js, and beside it what that fetches when it needs it:
// the checks, the drawing of the elements, and the words of one language. Nothing is bundled into it but its own sources.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const here = import.meta.dirname;
const known = ["name", "version", "origins", "key", "geckoId", "agentPort", "testOnlyOpenShadow"];

/** Reads a configuration; throws with the member that is wrong. */
export function readConfig(text) {
  const config = { agentPort: 22701, ...JSON.parse(text) };
  const wrong = (what) => new Error(`extension configuration: ${what}`);
  for (const name of Object.keys(config)) if (!known.includes(name)) throw wrong(`unknown member ${name}`);
  if (typeof config.name !== "string" || config.name === "") throw wrong("name is missing");
  if (!/^\d+(\.\d+){0,3}$/.test(config.version)) throw wrong("version is not up to four numbers");
  if (!Array.isArray(config.origins) || config.origins.length === 0) throw wrong("origins are missing");
  for (const origin of config.origins) matchPattern(origin);
  if (!/^[A-Za-z0-9+/]{100,}={0,2}$/.test(config.key)) throw wrong("key is not base64 of a public key");
  if (!/^[A-Za-z0-9._-]+@[A-Za-z0-9._-]+$/.test(config.geckoId)) throw wrong("geckoId is not of the form name@host");
  const { agentPort: port } = config;
  if (!Number.isInteger(port) || port < 1024 || port > 65535) throw wrong("agentPort is not within 1024 and 65535");
  return config;
}

/** The match pattern of an origin: scheme and exact host. Firefox ignores patterns with ports. */
export function matchPattern(origin) {
  const parts = /^(https?):\/\/([a-z0-9.-]+)(:(?:\d+|\*))?$/.exec(origin);
  if (!parts) throw new Error(`extension configuration: ${origin} is not an origin`);
  const [, scheme, host] = parts;
  const local = host === "localhost" || host.endsWith(".localhost");
  if (scheme === "http" && !local) throw new Error(`extension configuration: ${origin} is neither https nor local`);
  return `${scheme}://${host}/*`;
}

/** Chromium's id of a key: the first 128 bits of its SHA-256, in the letters a to p. */
export function extensionId(key) {
  const hex = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 32);
  return [...hex].map((digit) => String.fromCharCode(97 + parseInt(digit, 16))).join("");
}

/** What the browser's list of extensions says, in the browser's language. */
export const descriptions = {
  pl: (name) => `Odnawianie certyfikatów kwalifikowanych: ${name}`,
  en: (name) => `Renewal of qualified certificates at ${name}`,
};

/** The manifest for one CA, for Chromium and Firefox alike. */
export function manifest(config) {
  return {
    manifest_version: 3,
    name: `Odnowa – ${config.name}`,
    description: "__MSG_description__",
    default_locale: "pl",
    version: config.version,
    key: config.key,
    minimum_chrome_version: "133", // X25519 in WebCrypto, for pairing
    icons: { 16: "icons/16.png", 48: "icons/48.png", 128: "icons/128.png" },
    permissions: ["nativeMessaging", "storage"],
    action: { default_popup: "popup.html", default_icon: { 16: "icons/16.png", 48: "icons/48.png" } },
    storage: { managed_schema: "managed.json" },
    background: { service_worker: "worker.js", scripts: ["worker.js"] },
    content_scripts: [
      { matches: [...new Set(config.origins.map(matchPattern))], js: ["content.js"], run_at: "document_start" },
    ],
    content_security_policy: {
      extension_pages:
        "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
        `connect-src ws://127.0.0.1:${config.agentPort}`,
    },
    browser_specific_settings: {
      gecko: {
        id: config.geckoId,
        strict_min_version: "140.0",
        data_collection_permissions: { required: ["none"] },
      },
    },
  };
}

/** Source and file of each part of the SDK. */
export const sdkFiles = [
  ["index.ts", "odnowa.js"],
  ["checks.ts", "checks.js"],
  ["life.ts", "preparation.js"],
  ["texts.pl.ts", "texts.pl.js"],
  ["texts.en.ts", "texts.en.js"],
];

/** What the SDK imports when it needs it stays a file of its own. */
const lazily = {
  name: "lazily",
  setup: (made) =>
    made.onResolve({ filter: /^\.\/[a-z.]+\.ts$/ }, ({ kind, path }) => {
      const found = kind === "dynamic-import" && sdkFiles.find(([source]) => `./${source}` === path);
      return found ? { path: `./${found[1]}`, external: true } : undefined;
    }),
};

/** Styles as text, without what only people read; what one imports stands before it. */
const styles = {
  name: "styles",
  setup: (made) =>
    made.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const sheet = await esbuild.build({ entryPoints: [path], bundle: true, minify: true, target: browsers, write: false });
      return { contents: sheet.outputFiles[0].text.trim(), loader: "text" };
    }),
};

/** What the extension runs in, and what the SDK still has to tell that it is too old. */
const browsers = ["chrome133", "firefox140"];
const olderBrowsers = ["chrome100", "firefox102", "safari16.4"];

async function bundle(entry, outfile, format, config) {
  await esbuild.build({
    entryPoints: [join(here, entry)],
    outfile,
    format,
    bundle: true,
    minify: true,
    charset: "utf8",
    target: format === "esm" ? olderBrowsers : browsers,
    legalComments: "none",
    plugins: [lazily, styles],
    define: {
      ODNOWA_ORIGINS: JSON.stringify(config.origins),
      ODNOWA_AGENT_PORT: JSON.stringify(config.agentPort),
      ODNOWA_VERSION: JSON.stringify(config.version),
      ODNOWA_TEST_ONLY_OPEN_SHADOW: JSON.stringify(config.testOnlyOpenShadow === true),
    },
  });
}

/** Builds everything; answers with the id and the two folders. */
export async function build(config, out) {
  const extension = join(out, "extension");
  const sdk = join(out, "sdk");
  await Promise.all([extension, sdk].map((folder) => rm(folder, { recursive: true, force: true })));
  await mkdir(extension, { recursive: true });
  await Promise.all([
    bundle("src/worker/worker.ts", join(extension, "worker.js"), "iife", config),
    bundle("src/content/content.ts", join(extension, "content.js"), "iife", config),
    bundle("src/popup/popup.ts", join(extension, "popup.js"), "iife", config),
    ...sdkFiles.map(([source, file]) => bundle(`src/sdk/${source}`, join(sdk, file), "esm", config)),
    cp(join(here, "icons"), join(extension, "icons"), { recursive: true }),
    cp(join(here, "src/worker/managed.json"), join(extension, "managed.json")),
    cp(join(here, "src/popup/popup.html"), join(extension, "popup.html")),
    ...Object.keys(descriptions).map((language) => writeLocale(extension, language, config.name)),
    // What is bundled keeps its own licence, which goes wherever it goes. The SDK bundles nothing.
    cp(join(here, "node_modules/lit-html/LICENSE"), join(extension, "licences/lit-html.txt")),
    cp(join(here, "docs"), join(sdk, "docs"), { recursive: true, filter: (file) => !file.endsWith("README.md") }),
    cp(join(here, "docs/README.md"), join(sdk, "README.md")),
    cp(join(here, "../LICENSE"), join(sdk, "LICENSE")),
  ]);
  await writeFile(join(extension, "manifest.json"), JSON.stringify(manifest(config), null, 2));
  await writeFile(join(sdk, "package.json"), JSON.stringify(sdkPackage(config.version), null, 2));
  return { id: extensionId(config.key), extension, sdk };
}

async function writeLocale(extension, language, name) {
  const folder = join(extension, "_locales", language);
  await mkdir(folder, { recursive: true });
  const messages = { description: { message: descriptions[language](name) } };
  await writeFile(join(folder, "messages.json"), JSON.stringify(messages, null, 2));
}

function sdkPackage(version) {
  return {
    name: "@odnowa/sdk",
    version: version.split(".").concat("0", "0").slice(0, 3).join("."),
    description: "Renewal of qualified certificates on a website: an element and a typed API for the Odnowa extension",
    license: "Apache-2.0",
    type: "module",
    exports: {
      ".": { types: "./types/sdk/index.d.ts", default: "./odnowa.js" },
      "./package.json": "./package.json",
    },
    types: "./types/sdk/index.d.ts",
    sideEffects: ["./odnowa.js"], // it defines the elements
    files: [...sdkFiles.map(([, file]) => file), "types", "docs"],
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  if (!values.config || !values.out) {
    console.error("usage: node build.mjs --config FILE --out DIR");
    process.exit(2);
  }
  const config = readConfig(await readFile(values.config, "utf8"));
  console.log(JSON.stringify(await build(config, resolve(values.out))));
}
