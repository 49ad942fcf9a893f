// Bundles the demo and the end-to-end tests for Node, into e2e/dist.
import { build } from "esbuild";

await build({
  entryPoints: [
    { in: "e2e/demo.ts", out: "demo" },
    { in: "e2e/test.ts", out: "test" },
    { in: "e2e/resume.ts", out: "resume" },
    { in: "e2e/card.ts", out: "card" },
    { in: "e2e/together.ts", out: "together" },
    { in: "e2e/each-browser.ts", out: "browsers" },
    { in: "e2e/sdk/test.ts", out: "sdk" },
    { in: "e2e/preparation.ts", out: "preparation" },
    { in: "bench/bench.ts", out: "bench" },
    { in: "e2e/screens.ts", out: "screens" },
    { in: "e2e/hostile.ts", out: "hostile" },
    { in: "e2e/interrupted.ts", out: "interrupted" },
    { in: "e2e/cost.ts", out: "cost" },
    { in: "e2e/policy.ts", out: "policy" },
    { in: "e2e/packages/packages.ts", out: "packages/packages" },
    { in: "e2e/packages/browser.ts", out: "packages/browser" },
  ],
  outdir: "e2e/dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
