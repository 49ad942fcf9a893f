// Takes pictures of every screen of preparation, wizard and popup: in both languages, three widths, light, dark and in forced
// colours.
//
//   node preview/tour.mjs DIR [pl,en] [360,768,1280] [light,dark,forced]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startPreview } from "./browser.mjs";
import { walk } from "./walk.mjs";

const [folder = "dist/preview", languages = "pl,en", widths = "360,768,1280", looks = "light,dark"] = process.argv.slice(2);
const media = {
  light: { colorScheme: "light", forcedColors: "none", reducedMotion: "reduce" },
  dark: { colorScheme: "dark", forcedColors: "none", reducedMotion: "reduce" },
  forced: { colorScheme: "dark", forcedColors: "active", reducedMotion: "reduce" },
};
await mkdir(folder, { recursive: true });

for (const language of languages.split(",")) {
  let count = 0;
  await walk(language, async (page, name) => {
    const number = String(++count).padStart(2, "0");
    for (const look of looks.split(",")) {
      await page.emulateMedia(media[look]);
      for (const width of widths.split(",").map(Number)) {
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: join(folder, `${number}-${name}.${language}.${width}.${look}.png`), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    console.log(`${language} ${number} ${name}`);
  });
}

/** The popup, as wide as browsers make it. */
async function popups(language) {
  const preview = await startPreview({ language });
  const page = await preview.browser.newPage();
  await page.goto(preview.portal.origin);
  await page.getByTestId("preparation-start").waitFor();
  for (const [name, checks, how] of [["ready", "", "here"], ["no-card", "card no_card", "here"], ["missing", "", "missing"]]) {
    await preview.checks(checks);
    await preview.install(how);
    const popup = await preview.browser.newPage();
    await popup.setViewportSize({ width: 400, height: 500 });
    await popup.goto(`chrome-extension://${preview.id}/popup.html`);
    await popup.locator("[data-testid=popup]:not([data-state=looking])").waitFor();
    if ((await popup.locator("html").getAttribute("lang")) !== language) await popup.getByTestId("popup-language").click();
    for (const look of looks.split(",")) {
      await popup.emulateMedia(media[look]);
      await popup.screenshot({ path: join(folder, `popup-${name}.${language}.${look}.png`), fullPage: true });
    }
    await popup.close();
  }
  await preview.stop();
}

for (const language of languages.split(",")) await popups(language);
