import { createHash, generateKeyPairSync, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { extensionConfig, policy, readCA } from "../../installer/ca.mjs";
import { crx, publicKey } from "../../installer/crx.mjs";
import { extensionId } from "../build.mjs";

const example = await readFile(new URL("../../installer/ca.example.json", import.meta.url), "utf8");
const ca = readCA(example);
const [first] = ca.origins;
if (!first) throw new Error("the example has no origin");

describe("configuration of a CA's packages", () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ type: "spki", format: "der" });
  test.each([
    ["an unknown member", { ...ca, orgins: [] }, "unknown member orgins"],
    ["a missing member", { ...ca, modules: undefined }, "modules is missing"],
    ["a name of two lines", { ...ca, name: "CA\nDepends: evil" }, "name is not"],
    ["a maintainer without mail", { ...ca, maintainer: "CA" }, "maintainer is not"],
    ["no origins", { ...ca, origins: [] }, "origins are missing"],
    ["an origin with a path", { ...ca, origins: [{ ...first, origin: "https://ca.example/" }] }, "is not an origin"],
    ["no seal keys", { ...ca, origins: [{ ...first, sealKeys: [] }] }, "sealKeys of https://renewal.ca.example"],
    ["a seal key that is none", { ...ca, origins: [{ ...first, sealKeys: ["AAAA"] }] }, "sealKeys of"],
    ["a seal key of another curve", { ...ca, origins: [{ ...first, sealKeys: [p384.toString("base64")] }] }, "sealKeys of"],
    ["a module with a relative path", { ...ca, modules: [{ name: "x", path: "x.so" }] }, "no absolute path"],
    ["a Firefox id that is none", { ...ca, extension: { ...ca.extension, geckoId: "x" } }, "geckoId"],
  ])("refuses %s", (_, value, message) => expect(() => readCA(JSON.stringify(value))).toThrow(message));

  test("gives the agent's policy", () =>
    expect(policy(ca)).toEqual({
      service: true,
      extensions: { chromium: [extensionId(ca.extension.key)], firefox: ["odnowa@ca.example"] },
      origins: ca.origins,
      modules: ca.modules,
    }));

  test("gives the extension's build, without what is for tests", () =>
    expect(extensionConfig(ca, "1.2")).toEqual({
      name: "Centrum TEST",
      version: "1.2",
      origins: ["https://renewal.ca.example"],
      key: ca.extension.key,
      geckoId: "odnowa@ca.example",
      agentPort: 22701,
    }));
});

test("a CRX is header, signature and the zip as it is", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const zip = Buffer.from("PK TEST");
  const made = crx(zip, pem);
  expect(made.equals(crx(zip, pem))).toBe(true);
  expect(made.toString("latin1", 0, 4)).toBe("Cr24");
  expect(made.readUInt32LE(4)).toBe(3);
  const header = made.subarray(12, 12 + made.readUInt32LE(8));
  expect(made.subarray(12 + header.length).equals(zip)).toBe(true);

  // Chromium itself reads one in make test-packages. Here: the key, what is signed, the signature before it.
  expect(header.includes(publicKey(pem))).toBe(true);
  const id = createHash("sha256").update(publicKey(pem)).digest().subarray(0, 16);
  const signedHeader = Buffer.concat([Buffer.from([0x0a, 16]), id]);
  expect(header.subarray(-18).equals(signedHeader)).toBe(true);
  const size = Buffer.from([18, 0, 0, 0]);
  const signed = Buffer.concat([Buffer.from("CRX3 SignedData\0"), size, signedHeader, zip]);
  const signature = header.subarray(header.length - 18 - 4 - 256, header.length - 18 - 4);
  expect(verify("sha256", signed, privateKey.export({ type: "pkcs1", format: "pem" }), signature)).toBe(true);
});
