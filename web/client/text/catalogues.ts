import { en, type Text } from "./en.ts";
import { fr } from "./fr.ts";

export type { Text };
export type Language = "en" | "fr";

export const catalogues: Readonly<Record<Language, Text>> = { en, fr };

/** Each language by its own name. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", fr: "Français" };

/** The first of the browser's languages that the pages speak, else English. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "en" || base === "fr") return base;
  }
  return "en";
}
