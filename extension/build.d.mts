/** The configuration of build.mjs; its members are described there. */
export interface Config {
  name: string;
  version: string;
  origins: string[];
  key: string;
  geckoId: string;
  agentPort: number;
  testOnlyOpenShadow?: boolean;
}

export function readConfig(text: string): Config;
export function matchPattern(origin: string): string;
export function extensionId(key: string): string;
export function manifest(config: Config): Record<string, unknown>;
export function build(config: Config, out: string): Promise<{ id: string; extension: string; sdk: string }>;
/** Source and file of each part of the SDK. */
export const sdkFiles: readonly (readonly [source: string, file: string])[];
