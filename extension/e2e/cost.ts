// What the content script adds to a page of the CA: at most 30 ms. On pages of other origins nothing of the extension runs
// (hostile.ts looks at that), so that they load without it. The fastest loads are compared: whatever else the machine does
// can only make a load slower.
import { loadTimes, smallPage } from "./loads.ts";
import { main, startPreview } from "./preview.ts";

const loads = 40;
const mostMs = 30;

main(async (e) => {
  const preview = await startPreview({ language: "en" });
  const site = await smallPage();
  try {
    const visit = async (host: string) => ({ page: await preview.browser.newPage(), url: `http://${host}.localhost:${site.port}/` });
    const times = await loadTimes([await visit("other"), await visit("odnowa")], loads);
    const [without = NaN, withScript = NaN] = times.map((all) => Math.min(...all));
    console.log(`page load, fastest of ${loads}: ${without.toFixed(1)} ms without, ${withScript.toFixed(1)} ms with the content script`);
    e.equal(`the content script adds at most ${mostMs} ms to a page`, withScript - without <= mostMs, true);
  } finally {
    site.stop();
    await preview.stop();
  }
});
