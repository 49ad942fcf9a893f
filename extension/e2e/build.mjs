// Bundles the demo and the end-to-end tests for Node, into e2e/dist.
import { build } from "esbuild";

await build({
  entryPoints: ["e2e/demo.ts", "e2e/test.ts", "e2e/packages/packages.ts", "e2e/packages/browser.ts"],
  outdir: "e2e/dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
