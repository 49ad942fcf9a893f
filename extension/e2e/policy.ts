// The administrator's policy in a real Chromium: it takes websites from the extension and gives none, and keeps the browser from
// the agent. Run it as root in a mount namespace of its own, as the policy is laid over /etc there alone:
//
//   unshare --mount --propagation private node e2e/dist/policy.mjs    (who is not root: with --map-root-user)
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, until } from "./command.ts";
import { main, openPopup, startPreview } from "./preview.ts";

const folder = mkdtempSync(join(tmpdir(), "odnowa-policy-"));
const managed = join(folder, "managed");
const patienceMs = 30_000;

/** From now on this process and its children see the folder as Chromium's policies. */
function layOver(): void {
  const place = join(folder, "etc/chromium/policies/managed");
  mkdirSync(place, { recursive: true });
  mkdirSync(managed);
  run("mount", ["-t", "overlay", "overlay", "-o", `lowerdir=${join(folder, "etc")}:/etc`, "/etc"]);
  run("mount", ["--bind", managed, "/etc/chromium/policies/managed"]);
}

const policy = (content: object) => writeFileSync(join(managed, "odnowa.json"), JSON.stringify(content));
const origins = (id: string, list: readonly string[]) => ({ "3rdparty": { extensions: { [id]: { origins: list } } } });

main(async (e) => {
  layOver();
  policy({});
  const preview = await startPreview({ language: "en" });
  const { id, portal } = preview;
  try {
    const page = await preview.browser.newPage();
    const rows = page.getByTestId("preparation");
    /** The browser takes a policy up in its own time, so the page is loaded anew; one that still looks is left to it. */
    const shows = (what: string, selector: string) =>
      until(`the preparation to ${what}`, patienceMs, async () => {
        await page.goto(portal.origin);
        await page.locator("[data-testid=check-extension]:is([data-check=ok], [data-check=failed])").waitFor({ timeout: patienceMs });
        return (await page.locator(selector).waitFor({ timeout: 1500 }).then(() => true, () => false)) || undefined;
      }).catch(async (thrown: unknown) => {
        throw new Error(`${String(thrown)}; it says ${await rows.innerText()}`);
      });
    const says = (check: string, code: string) => shows(`say ${code}`, `[data-testid=check-${check}][data-code=${code}]`);
    const ready = () => shows("be ready", "[data-testid=preparation-start]");
    e.equal("without a policy", await ready(), true);

    policy(origins(id, ["https://other.example"]));
    await says("extension", "page_not_listed");
    const heard = preview.heard().length;
    await page.reload();
    await page.locator("[data-testid=check-extension][data-check=failed]").waitFor();
    e.equal("a website that is not the extension's is not added, ours is taken away", preview.heard().length, heard);
    const popup = await openPopup(page, id, "en");
    e.equal("the popup says that it is limited", await popup.getByTestId("popup-narrowed").count(), 1);
    await popup.close();

    policy(origins(id, [portal.origin]));
    e.equal("a website of the extension's stays where the policy names it", await ready(), true);

    policy({ NativeMessagingBlocklist: ["*"] });
    e.equal("native messaging blocked", await says("agent", "agent_blocked"), true);
    policy({ NativeMessagingBlocklist: ["*"], NativeMessagingAllowlist: ["pl.odnowa.agent"] });
    e.equal("and allowed for the agent", await ready(), true);
  } finally {
    await preview.stop();
    run("umount", ["/etc/chromium/policies/managed"]);
    rmSync(folder, { recursive: true, force: true });
  }
});
