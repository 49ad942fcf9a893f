// The customer's two browsers: Chromium on the computer, with the extension and its native
// messaging host, and the phone with its camera.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { run } from "./command.ts";
import type { Desktop } from "./desktop.ts";

// Nothing here may reach for a network: what Chromium does in the background would.
export const quiet = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

export const executablePath = "/usr/bin/chromium";

export interface Computer {
  readonly context: BrowserContext;
  readonly page: Page;
}

/** Where Chromium looks for the agent's host, below its profile. */
export const chromiumHost = "NativeMessagingHosts/pl.odnowa.agent.json";

/**
 * Starts Chromium with the extension. The host's manifest lies in the profile, so the system stays as it
 * is; without one, the browser can't start the agent.
 */
export async function openComputer(options: {
  profile: string;
  extension: string;
  hostManifest: string | undefined;
  desktop: Desktop;
  env: Readonly<Record<string, string>>;
  language?: string;
}): Promise<Computer> {
  const host = join(options.profile, chromiumHost);
  mkdirSync(dirname(host), { recursive: true });
  if (options.hostManifest !== undefined) writeFileSync(host, options.hostManifest);
  const context = await chromium.launchPersistentContext(options.profile, {
    executablePath,
    headless: !options.desktop.visible,
    args: [...quiet, `--load-extension=${options.extension}`],
    ignoreDefaultArgs: ["--disable-extensions"],
    env: { ...(process.env as Record<string, string>), ...options.desktop.env, ...options.env },
    viewport: { width: 1100, height: 900 },
    locale: options.language ?? "pl-PL",
    acceptDownloads: true,
  });
  if (context.serviceWorkers().length === 0) await context.waitForEvent("serviceworker", { timeout: 15_000 });
  return { context, page: context.pages()[0] ?? (await context.newPage()) };
}

export interface Phone {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the camera sees from now on: a picture in a PNG file. */
  show(png: string): void;
}

/** Starts the phone: another browser, as small as a phone, whose camera is a file. */
export async function openPhone(options: { profile: string; headless: boolean }): Promise<Phone> {
  mkdirSync(options.profile, { recursive: true });
  const camera = join(options.profile, "camera.mjpeg");
  const context = await chromium.launchPersistentContext(join(options.profile, "profile"), {
    executablePath,
    headless: options.headless,
    args: [
      ...quiet,
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-video-capture=${camera}`,
    ],
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: "pl-PL",
    permissions: ["camera"],
  });
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    show(png) {
      const filter = "scale=420:420:force_original_aspect_ratio=decrease,pad=640:480:(ow-iw)/2:(oh-ih)/2:white,format=yuvj420p";
      run("ffmpeg", [
        "-y",
        "-loglevel",
        "error",
        "-loop",
        "1",
        "-i",
        png,
        "-t",
        "2",
        "-r",
        "10",
        "-vf",
        filter,
        "-c:v",
        "mjpeg",
        "-q:v",
        "3",
        camera,
      ]);
    },
  };
}

/** Fills the @NAME@ places of a template. A place without a value is an error. */
export function render(template: string, values: Readonly<Record<string, string>>): string {
  return readFileSync(template, "utf8").replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
    const v = values[name];
    if (v === undefined) throw new Error(`${template}: no value for @${name}@`);
    return v;
  });
}
