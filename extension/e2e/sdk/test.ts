// The SDK in a real Chromium: its screens (screens.ts), and how it lives in a page (page.ts).
import { main } from "../preview.ts";
import { screens } from "./screens.ts";

main(async (e) => {
  for (const language of ["pl", "en"] as const) await screens(e, language);
});
