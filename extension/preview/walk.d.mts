import type { Page } from "playwright-core";

/** Walks through all screens in one language and calls `look` at each. */
export function walk(language: "pl" | "en", look: (page: Page, name: string) => Promise<void>): Promise<void>;
