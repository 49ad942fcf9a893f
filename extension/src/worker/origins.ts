/** Who may speak to the agent through this extension: top frames of the CA's own pages. */

/** The part of chrome.runtime.MessageSender that decides; the browser fills it in, not the page. */
export interface Sender {
  id?: string | undefined;
  origin?: string | undefined;
  frameId?: number | undefined;
  tab?: { id?: number | undefined } | undefined;
}

/** Whether an origin is one of the listed; `scheme://host:*` stands for any port of that host. */
export function isListed(origin: string, listed: readonly string[]): boolean {
  return listed.some((entry) =>
    entry.endsWith(":*") ? withoutPort(origin) === withoutPort(entry.slice(0, -2)) : origin === entry,
  );
}

/**
 * The origin in whose name a port speaks, or undefined where it may not speak: another extension, a
 * frame, no tab, an origin that is not listed, or an opaque one.
 */
export function callerOrigin(sender: Sender | undefined, ownId: string, listed: readonly string[]): string | undefined {
  if (sender?.id !== ownId || sender.frameId !== 0 || sender.tab === undefined) return undefined;
  const { origin } = sender;
  return origin !== undefined && isListed(origin, listed) ? origin : undefined;
}

/** The built-in list, narrowed by the administrator's policy where there is one; it can't add to it. */
export function narrowed(builtIn: readonly string[], policy: unknown): readonly string[] {
  if (policy === undefined) return builtIn;
  if (!Array.isArray(policy)) return [];
  return policy.filter((origin): origin is string => typeof origin === "string" && isListed(origin, builtIn));
}

function withoutPort(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${hostname}`;
}
