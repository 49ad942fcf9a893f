// Takes pictures of every screen of preparation, wizard and popup: in both languages, three widths, light, dark and in forced
// colours.
//
//   node preview/tour.mjs DIR [pl,en] [360,768,1280] [light,dark,forced]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
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
