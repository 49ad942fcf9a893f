// The browser's own question whether to install the app, kept until the person wants it.

interface InstallPrompt extends Event {
  prompt: () => Promise<unknown>;
}

let kept: InstallPrompt | undefined;

export function listenForInstall(changed: () => void): void {
  addEventListener("beforeinstallprompt", (e) => {
    e.preventDefault();
    kept = e as InstallPrompt;
    changed();
  });
  addEventListener("appinstalled", () => {
    kept = undefined;
    changed();
  });
}

export const installable = (): boolean => kept !== undefined;

export async function install(): Promise<void> {
  const prompt = kept;
  kept = undefined;
  await prompt?.prompt();
}
