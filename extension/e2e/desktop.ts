// The person's desktop: the display that the agent's window opens on, and the hands that type there.
import { existsSync } from 'node:fs';
import { outcome, run, until } from './command';
import type { Processes } from './processes';

export class Desktop {
  private constructor(
    readonly display: string,
    /** False where the display is one of our own that nobody looks at. */
    readonly visible: boolean,
  ) {}

  /** Uses the display there is, or starts Xvfb on one that is free. */
  static async open(processes: Processes): Promise<Desktop> {
    const shown = process.env['DISPLAY'];
    if (shown && outcome('xdpyinfo', ['-display', shown]).ok) return new Desktop(shown, true);
    for (let n = 90; n < 200; n++) {
      if (existsSync(`/tmp/.X${n}-lock`)) continue;
      const display = `:${n}`;
      await processes.start({ name: 'xvfb', command: 'Xvfb', args: [display, '-screen', '0', '1000x720x24', '-nolisten', 'tcp'] });
      await until(`Xvfb on ${display}`, 10_000, () => outcome('xdpyinfo', ['-display', display]).ok || undefined);
      outcome('xsetroot', ['-display', display, '-solid', '#5b7083']);
      return new Desktop(display, false);
    }
    throw new Error('no free display between :90 and :199');
  }

  get env(): Record<string, string> {
    return { DISPLAY: this.display };
  }

  /** Waits for a window with this title that is not the one given, and gives it the keyboard. */
  async window(title: RegExp | string, timeoutMs = 30_000): Promise<string> {
    const pattern = typeof title === 'string' ? title : title.source;
    const id = await until(`a window called ${pattern}`, timeoutMs, () => {
      const r = outcome('xdotool', ['search', '--onlyvisible', '--name', pattern], this.env);
      return r.ok ? r.text.split('\n').at(-1) : undefined;
    });
    return id;
  }

  /** True while a window with this title is there. */
  has(title: string): boolean {
    return outcome('xdotool', ['search', '--onlyvisible', '--name', title], this.env).ok;
  }

  focus(id: string): void {
    run('xdotool', ['windowfocus', '--sync', id], this.env);
  }

  type(text: string): void {
    run('xdotool', ['type', '--delay', '15', text], this.env);
  }

  key(...names: string[]): void {
    run('xdotool', ['key', '--delay', '30', ...names], this.env);
  }

  screenshot(path: string): void {
    run('scrot', ['--overwrite', path], this.env);
  }
}
