// The person's desktop: the display that the agent's window opens on, and the hands that type there.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outcome, run, until } from "./command.ts";
import type { Processes } from "./processes.ts";

export class Desktop {
  private constructor(
    readonly display: string,
    /** False where the display is one of our own that nobody looks at. */
    readonly visible: boolean,
  ) {}

  /**
   * Starts Xvfb on a display that is free, so that nothing is typed into a person's windows. Where all is to be seen, it is
   * the person's own display, if there is one.
   */
  static async open(processes: Processes, seen: boolean): Promise<Desktop> {
    const shown = process.env["DISPLAY"];
    if (seen && shown && outcome("xdpyinfo", ["-display", shown]).ok) return new Desktop(shown, true);
    const number = await processes.start({
      name: "xvfb",
      command: "Xvfb",
      args: ["-displayfd", "1", "-screen", "0", "900x640x24", "-nolisten", "tcp", "-noreset"],
      ready: /^\d+$/,
    });
    const desktop = new Desktop(`:${number}`, false);
    run("xsetroot", ["-solid", "#5b7083"], desktop.env);
    return desktop;
  }

  /** Windows on a display of our own know nothing of the person's desktop. */
  get env(): Record<string, string> {
    return { DISPLAY: this.display, ...(!this.visible && { WAYLAND_DISPLAY: "", XDG_SESSION_TYPE: "x11", XDG_CURRENT_DESKTOP: "" }) };
  }

  #last = "";

  /** Waits for a window with this title other than the last one, and gives it the keyboard. */
  async window(title: string, timeoutMs = 30_000): Promise<void> {
    this.#last = await until(`a window called ${title}`, timeoutMs, () => {
      const r = outcome("xdotool", ["search", "--onlyvisible", "--name", `^${title}$`], this.env);
      if (!r.ok || r.text === this.#last || !/^\d+$/.test(r.text)) return undefined;
      return outcome("xdotool", ["windowfocus", "--sync", r.text], this.env).ok ? r.text : undefined;
    });
  }

  /** Waits until no window with this title is left. */
  async closed(title: string, timeoutMs = 10_000): Promise<void> {
    await until(`the window ${title} to close`, timeoutMs, () =>
      outcome("xdotool", ["search", "--onlyvisible", "--name", `^${title}$`], this.env).ok ? undefined : true,
    );
    // The X server gives a closed window's number to the next program.
    this.#last = "";
  }

  /** The window that was waited for last counts as the next one again. */
  again(): void {
    this.#last = "";
  }

  /** Types into the window that has the keyboard. */
  type(text: string): void {
    run("xdotool", ["type", "--delay", "15", text], this.env);
  }

  key(name: string): void {
    run("xdotool", ["key", name], this.env);
  }

  /** Takes a picture of the window that was waited for last. */
  screenshot(path: string): void {
    this.#grab(path);
  }

  /** Reads, as a person would, what stands in the window that was waited for last. Tesseract wants letters larger than a screen's. */
  read(language: "pl" | "en"): string {
    const picture = join(tmpdir(), `odnowa-window-${String(process.pid)}.png`);
    try {
      this.#grab(picture, "-vf", "scale=iw*3:ih*3:flags=lanczos");
      return run("tesseract", [picture, "-", "-l", language === "pl" ? "pol" : "eng", "--psm", "4"]);
    } finally {
      rmSync(picture, { force: true });
    }
  }

  #grab(path: string, ...filter: readonly string[]): void {
    const grab = ["-f", "x11grab", "-draw_mouse", "0", "-window_id", this.#last, "-i", this.display];
    run("ffmpeg", ["-y", "-loglevel", "error", ...grab, "-frames:v", "1", ...filter, path], this.env);
  }
}
