/** The preview's portal, for tests of the wizard. */
export interface PreviewPortal {
  origin: string;
  /** Refusals by operation ("PUT /renewal/start"): status and code. */
  faults: Map<string, [status: number, code: string]>;
  phone(state: "scanned" | "ready"): unknown;
  change(values: object): unknown;
  forget(): void;
  /** Cuts the events off, as a network that goes away. */
  dropWatchers(): void;
  stop(): void;
}

export function startPortal(options: {
  sdk: string;
  certificate: { id: string; old: object };
  language: "pl" | "en";
  port?: number;
}): Promise<PreviewPortal>;
