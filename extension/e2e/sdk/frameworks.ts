// React 19 and Vue 3 draw the element, change its attributes, hear its events and take it out again; so does React on a server.
import { createRequire } from "node:module";
import * as esbuild from "esbuild";
import { startPreview, type Expectations } from "../preview.ts";
import { until } from "../command.ts";
import { serve } from "./pages.ts";

const load = createRequire(import.meta.url);
const { createElement } = load("react") as { createElement(name: string, properties: object): unknown };
const { renderToString } = load("react-dom/server") as { renderToString(drawn: unknown): string };

const react = `import { createElement as h, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "/sdk/odnowa.js";
function Renewal() {
  const [language, speak] = useState("pl");
  const [shown, show] = useState(true);
  const element = useRef(null);
  useEffect(() => {
    const { current } = element;
    const told = ({ detail }) => (document.title = "step " + detail.step);
    current?.addEventListener("odnowa-step", told);
    return () => current?.removeEventListener("odnowa-step", told);
  }, [shown]);
  return h("div", {}, h("button", { id: "speak", onClick: () => speak("en") }, "en"), h("button", { id: "hide", onClick: () => show(!shown) }, "x"),
    shown && h("odnowa-renewal", { ref: element, lang: language, "install-url": "/install" }));
}
createRoot(document.querySelector("#app")).render(h(Renewal));`;

const vue = `import { createApp, h, ref } from "vue";
import "/sdk/odnowa.js";
createApp({
  setup() {
    const language = ref("pl");
    const shown = ref(true);
    return () => h("div", [
      h("button", { id: "speak", onClick: () => (language.value = "en") }, "en"), h("button", { id: "hide", onClick: () => (shown.value = !shown.value) }, "x"),
      shown.value && h("odnowa-renewal", { lang: language.value, "install-url": "/install", "onOdnowa-step": ({ detail }) => (document.title = "step " + detail.step) }),
    ]);
  },
}).mount("#app");`;

async function bundle(source: string): Promise<string> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: "js" },
    bundle: true, write: false, format: "esm", external: ["/sdk/odnowa.js"], logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
  });
  return outputFiles[0]?.text ?? "";
}

export async function frameworks(e: Expectations): Promise<void> {
  const drawn = renderToString(createElement("odnowa-renewal", { lang: "pl", "install-url": "/install" }));
  e.equal("React on a server", drawn, '<odnowa-renewal lang="pl" install-url="/install"></odnowa-renewal>');
  const preview = await startPreview({ language: "en" });
  try {
    for (const [name, source] of [["React", react], ["Vue", vue]] as const) {
      const page = await preview.browser.newPage();
      page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
      await page.goto(await serve(page, preview.portal.origin, `<div id="app"></div><script type="module" src="/test/app.js"></script>`, { "app.js": await bundle(source) }));
      const says = (text: string) => page.locator("odnowa-renewal h2", { hasText: text }).waitFor({ timeout: 30_000 });
      await says("Przygotuj się do odnowienia");
      await page.locator("#speak").click();
      await says("Get ready for the renewal");
      await until(`${name} to hear that all is ready`, 30_000, async () => (await page.title()) === "step ready" || undefined);
      await page.locator("#hide").click();
      e.equal(`${name}: taken out`, await page.locator("odnowa-renewal").count(), 0);
      await page.locator("#hide").click();
      await says("Get ready for the renewal");
      e.equal(`${name}: put back`, await page.locator("odnowa-renewal").count(), 1);
      await page.close();
    }
  } finally {
    await preview.stop();
  }
}
