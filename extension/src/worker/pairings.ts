import { base64, matching, object } from "../bridge/parse.ts";
import { fromBase64, toBase64 } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";
import { size } from "./pairing.ts";

/** What this browser and the service share. */
export interface Pairing {
  /** The service's name for it. */
  id: string;
  secret: Bytes;
}

/** Where the pairing is kept: there is one for each browser profile. */
export interface Pairings {
  read(): Promise<Pairing | undefined>;
  write(pairing: Pairing): Promise<void>;
}

interface Stored {
  id: string;
  secret: string;
}

const storedKey = "pairing";
const stored = object<Stored>({ id: matching(/^[0-9a-f]{32}$/), secret: base64 });

/** The extension's own storage, which no page reads. */
export const storedPairings: Pairings = {
  async read() {
    const found = await chrome.storage.local.get(storedKey);
    try {
      const { id, secret } = stored(found[storedKey]);
      const bytes = fromBase64(secret);
      return bytes.length === size ? { id, secret: bytes } : undefined;
    } catch {
      return undefined; // there is none
    }
  },
  async write({ id, secret }) {
    const value: Stored = { id, secret: toBase64(secret) };
    await chrome.storage.local.set({ [storedKey]: value });
  },
};

/**
 * Keeps the storage from content scripts, which live in the pages' processes. Firefox 153 has no such
 * setting; there only the extension's own code asks for the storage.
 */
export function keepFromContentScripts(): void {
  const local: Partial<chrome.storage.StorageArea> = chrome.storage.local;
  void local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });
}
