/** Which browser, system and device a visitor has: what the install guide and the browser's check go by. */
import type { ExtensionCode } from "../bridge/codes.ts";

/** `chrome` stands for every browser that takes extensions from Chrome's store. */
export type BrowserName = "chrome" | "edge" | "firefox" | "other";
export type SystemName = "windows" | "macos" | "linux" | "other";

export interface Visitor {
  readonly browser: BrowserName;
  /** Of the browser's engine; 0 where it does not say. */
  readonly version: number;
  readonly system: SystemName;
  readonly device: "computer" | "phone";
}

/** What of `navigator` is looked at. */
export interface Agent {
  readonly userAgent: string;
  readonly maxTouchPoints?: number;
}

/** The oldest browsers that take the extension; build.mjs writes the same into its manifest. */
export const oldest: Readonly<Record<"chrome" | "edge" | "firefox", number>> = { chrome: 133, edge: 133, firefox: 140 };

export function visitorOf({ userAgent, maxTouchPoints = 0 }: Agent): Visitor {
  const system = systemOf(userAgent);
  // An iPad says that it is a Mac; no Mac has a touch screen.
  const phone = /Android|iPhone|iPad|Mobile/i.test(userAgent) || (system === "macos" && maxTouchPoints > 1);
  const [browser, version] = browserOf(userAgent);
  return { browser, version, system, device: phone ? "phone" : "computer" };
}

function browserOf(userAgent: string): [BrowserName, number] {
  const version = (name: string) => Number(new RegExp(`${name}/(\\d+)`).exec(userAgent)?.[1] ?? 0);
  const engine = version("Chrome") || version("Chromium");
  if (version("Firefox") > 0) return ["firefox", version("Firefox")];
  if (engine === 0) return ["other", 0];
  return [version("Edg") > 0 ? "edge" : "chrome", engine];
}

function systemOf(userAgent: string): SystemName {
  if (/Windows NT/.test(userAgent)) return "windows";
  if (/Macintosh/.test(userAgent)) return "macos";
  return /Linux/.test(userAgent) && !/Android/.test(userAgent) ? "linux" : "other";
}

/** Why the extension can't be in this browser, if so. */
export function browserCode({ browser, version, system, device }: Visitor): ExtensionCode | undefined {
  if (device === "phone" || system === "other" || browser === "other") return "browser_unsupported";
  return version < oldest[browser] ? "browser_outdated" : undefined;
}
