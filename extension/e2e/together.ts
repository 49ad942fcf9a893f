// Runs end-to-end tests side by side: each argument is a lane of tests, one after the other, with commas
// between. The first lane speaks at once, what the others say follows when they are over.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Ended {
  readonly ok: boolean;
  readonly text: string;
}

function test(name: string, aloud: boolean): Promise<Ended> {
  const program = join(dirname(fileURLToPath(import.meta.url)), `${name}.mjs`);
  const child = spawn(process.execPath, [program], { stdio: aloud ? "inherit" : ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (text += data.toString()));
  return new Promise((done) => {
    child.once("error", (e) => done({ ok: false, text: e.message }));
    child.once("close", (code) => done({ ok: code === 0, text }));
  });
}

/** A lane ends with its first test that fails. */
async function lane(names: readonly string[], aloud: boolean): Promise<Ended> {
  let text = "";
  for (const name of names) {
    const ended = await test(name, aloud);
    text += `\n${name}\n${ended.text}`;
    if (!ended.ok) return { ok: false, text: `${text}${name} failed\n` };
  }
  return { ok: true, text };
}

const lanes = process.argv.slice(2).map((arg) => arg.split(","));
Promise.all(lanes.map((names, i) => lane(names, i === 0))).then(
  (ended) => {
    for (const { text } of ended.slice(1)) console.log(text);
    for (const [i, { ok }] of ended.entries()) if (!ok) console.log(`failed: ${lanes[i]!.join(", ")}`);
    process.exit(ended.every(({ ok }) => ok) ? 0 : 1);
  },
  (e: unknown) => {
    console.error(e);
    process.exit(1);
  },
);
