// The configuration of one CA's packages, from which the agent's policy, the browsers' manifests and the
// extension's build follow. JSON (ca.example.json is one):
//   name        the CA's name, as people see it
//   maintainer  who answers for the packages: "Name <mail>"
//   origins     the portal's websites: {origin, sealKeys, documents?} as in agent/policy/policy.go
//   modules     the cards' PKCS#11 modules: {name, path, env?}, as there
//   extension   {key, geckoId}: the extension's public key (base64 of the DER of its SubjectPublicKeyInfo), from
//               which Chromium's id of it follows, and its id in Firefox
import { createPublicKey } from "node:crypto";
import { extensionId, readConfig } from "../extension/build.mjs";

const members = ["name", "maintainer", "origins", "modules", "extension"];

/** Reads a configuration; throws with the member that is wrong. */
export function readCA(text) {
  const ca = JSON.parse(text);
  const wrong = (what) => new Error(`CA configuration: ${what}`);
  for (const name of Object.keys(ca)) if (!members.includes(name)) throw wrong(`unknown member ${name}`);
  for (const name of members) if (ca[name] === undefined) throw wrong(`${name} is missing`);
  if (!/^[^\p{C}"\\]+$/u.test(ca.name)) throw wrong("name is not a line of text");
  if (!/^[^\p{C}"\\<>]+ <[^\s<>"\\]+@[^\s<>"\\]+>$/u.test(ca.maintainer)) throw wrong('maintainer is not "Name <mail>"');
  for (const { origin, sealKeys } of ca.origins) {
    // The portal's documents are sealed, so an origin without a key could have nothing signed.
    if (!sealKeys?.length || !sealKeys.every(isSealKey)) throw wrong(`sealKeys of ${origin} are not P-256 public keys`);
  }
  if (!ca.modules.every(({ name, path }) => name && /^\/\S/.test(path))) throw wrong("a module has no name or no absolute path");
  extensionConfig(ca, "0");
  return ca;
}

function isSealKey(key) {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
    return asymmetricKeyDetails.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}

/** What extension/build.mjs takes. */
export function extensionConfig(ca, version) {
  const { key, geckoId } = ca.extension;
  return readConfig(JSON.stringify({ name: ca.name, version, origins: ca.origins.map((o) => o.origin), key, geckoId }));
}

/** The machine's policy. Packages bring the service, so it is part of it. */
export function policy(ca) {
  const { origins, modules, extension } = ca;
  return { service: true, extensions: { chromium: [extensionId(extension.key)], firefox: [extension.geckoId] }, origins, modules };
}
