// Writes the list that becomes part of one CA's build of the agent (agent/policy/build.json): its extension and its
// websites. What the machine's policy names replaces it, member by member.
//
//   node list.mjs --ca FILE --out DIR
//
// makes DIR/build.json and DIR/overlay.json, for go build -overlay. FILE is described in ca.mjs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { policy, readCA } from "./ca.mjs";

const { values } = parseArgs({ options: { ca: { type: "string" }, out: { type: "string" } } });
if (!values.ca || !values.out) throw new Error("--ca or --out is missing");
const out = resolve(values.out);
const { extensions, origins } = policy(readCA(readFileSync(values.ca, "utf8")));
mkdirSync(out, { recursive: true });
const list = join(out, "build.json");
writeFileSync(list, `${JSON.stringify({ extensions, origins }, null, 2)}\n`);
const replaced = join(import.meta.dirname, "../agent/policy/build.json");
writeFileSync(join(out, "overlay.json"), JSON.stringify({ Replace: { [replaced]: list } }));
