// Builds dist/: the app, its service worker with the list of files to keep, and the QR reader.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const here = (path) => new URL(path, import.meta.url).pathname;
const out = here("dist");
const common = { bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "eof", logLevel: "warning" };

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await cp(here("src/static"), out, { recursive: true });
await cp(here("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm"), `${out}/zxing_reader.wasm`);
await build({ ...common, entryPoints: [here("src/main.ts")], outfile: `${out}/main.js` });

// The cache is named by what is in it, so that each release has its own.
const files = (await readdir(out)).sort();
const hash = createHash("sha256");
for (const f of files) hash.update(f).update("\0").update(await readFile(`${out}/${f}`));
await build({
  ...common, entryPoints: [here("src/sw.ts")], outfile: `${out}/sw.js`,
  define: {
    SHELL: JSON.stringify(["/", ...files.filter((f) => f !== "index.html").map((f) => `/${f}`)]),
    RELEASE: JSON.stringify(hash.digest("hex").slice(0, 16)),
  },
});
