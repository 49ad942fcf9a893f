export function portalTypes(): Promise<string>;
export function bridgeTypes(): Promise<string>;
export function errorsPage(): Promise<string>;
