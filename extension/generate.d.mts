export function portalTypes(): Promise<string>;
export function bridgeTypes(): Promise<string>;
