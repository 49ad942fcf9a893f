// Writes the TypeScript types of both contracts: the bridge (protocol/bridge/schema.json, itself
// generated from the Go structs) and the portal (protocol/renewal/openapi.yaml).
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import openapi, { astToString } from "openapi-typescript";

const contract = (path) => new URL(`../protocol/${path}`, import.meta.url);

/** The text of src/portal/api.gen.ts. */
export async function portalTypes() {
  const tree = await openapi(contract("renewal/openapi.yaml"), { enumValues: true, alphabetize: true });
  return `// Generated from protocol/renewal/openapi.yaml by generate.mjs.\n\n${astToString(tree)}`;
}

/** The text of src/bridge/types.gen.ts. */
export async function bridgeTypes() {
  const schema = JSON.parse(await readFile(contract("bridge/schema.json"), "utf8"));
  const types = await compile(schema, "Bridge", {
    bannerComment: "// Generated from protocol/bridge/schema.json by generate.mjs.",
    additionalProperties: false,
    unreachableDefinitions: true,
  });
  return types;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await writeFile(new URL("src/portal/api.gen.ts", import.meta.url), await portalTypes());
  await writeFile(new URL("src/bridge/types.gen.ts", import.meta.url), await bridgeTypes());
}
