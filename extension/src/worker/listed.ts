import { narrowed } from "./origins.ts";

/** The built-in sites, less those that the administrator's policy takes away. */
export async function listedOrigins(): Promise<readonly string[]> {
  try {
    const policy = await chrome.storage.managed.get("origins");
    return narrowed(ODNOWA_ORIGINS, policy["origins"]);
  } catch {
    return ODNOWA_ORIGINS; // Firefox rejects where no policy exists
  }
}
