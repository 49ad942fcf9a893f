import type { Config } from "../extension/build.mjs";

/** The configuration of a CA's packages; its members are described in ca.mjs. */
export interface CA {
  name: string;
  maintainer: string;
  origins: { origin: string; sealKeys: string[]; documents?: string }[];
  modules: { name: string; path: string; env?: string[] }[];
  extension: { key: string; geckoId: string };
}

export function readCA(text: string): CA;
export function extensionConfig(ca: CA, version: string): Config;
export function policy(ca: CA): Record<string, unknown>;
