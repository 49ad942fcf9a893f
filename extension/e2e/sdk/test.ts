// The SDK in a real Chromium: the API (api.ts), how the elements live in a page (page.ts) and in frameworks, and their screens (screens.ts), whose
// pictures are left in build/test-sdk.
import { main } from "../preview.ts";
import { api } from "./api.ts";
import { frameworks } from "./frameworks.ts";
import { inPages } from "./page.ts";
import { screens } from "./screens.ts";

main(async (e) => {
  await api(e);
  await inPages(e);
  await frameworks(e);
  for (const language of ["pl", "en"] as const) await screens(e, language);
});
