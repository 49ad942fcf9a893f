/**
 * Whether the extension has answered in this browser before, so that a missing one can be told from one
 * that was switched off. One word in the page's localStorage, the same for everybody.
 */
const key = "odnowa.seen";

export function wasSeen(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false; // storage is switched off
  }
}

export function remember(): void {
  try {
    localStorage.setItem(key, "yes");
  } catch {
    // Then it is told as missing next time.
  }
}
