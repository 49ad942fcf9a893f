import js from "@eslint/js";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist/", "node_modules/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ["./tsconfig.test.json", "./tsconfig.sw.json"], tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  { files: ["test/browser.mjs"], languageOptions: { globals: { fetch: "readonly", indexedDB: "readonly", navigator: "readonly", document: "readonly" } } },
  { files: ["**/*.mjs", "*.js"], languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } } },
);
