import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toBase64 } from "../src/worker/bytes.ts";
import { newNonce } from "../src/worker/pairing.ts";
import { keepFromContentScripts, storedPairings } from "../src/worker/pairings.ts";

let stored: Record<string, unknown>;
const setAccessLevel = vi.fn(() => Promise.resolve());
const local = {
  get: (name: string) => Promise.resolve(name in stored ? { [name]: stored[name] } : {}),
  set: (values: Record<string, unknown>) => Promise.resolve(Object.assign(stored, values)),
};

beforeEach(() => {
  stored = {};
  vi.stubGlobal("chrome", { storage: { local: { ...local, setAccessLevel } } });
});
afterEach(() => void vi.unstubAllGlobals());

const id = "00112233445566778899aabbccddeeff";

test("what is written is read", async () => {
  expect(await storedPairings.read()).toBeUndefined();
  const pairing = { id, secret: newNonce() };
  await storedPairings.write(pairing);
  expect(await storedPairings.read()).toEqual(pairing);
});

test.each<[string, unknown]>([
  ["text", "x"],
  ["a short secret", { id, secret: "AAAA" }],
  ["a secret that is no base64", { id, secret: "*" }],
  ["an id of another form", { id: "1", secret: toBase64(newNonce()) }],
  ["no secret", { id }],
])("%s is no pairing", async (_, value) => {
  stored = { pairing: value };
  expect(await storedPairings.read()).toBeUndefined();
});

test("content scripts are kept from it where the browser can", () => {
  keepFromContentScripts();
  expect(setAccessLevel).toHaveBeenCalledExactlyOnceWith({ accessLevel: "TRUSTED_CONTEXTS" });
  vi.stubGlobal("chrome", { storage: { local } });
  expect(keepFromContentScripts).not.toThrow();
});
