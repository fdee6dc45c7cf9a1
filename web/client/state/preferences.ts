import { chooseLanguage, type Language } from "../text/translations/languages.ts";
import { createStore } from "./store.ts";
import { CARD_SIZES, WALL_GROUPS, type CardSize, type WallGroup } from "./wall-view.ts";

type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
  readonly wallGroup: WallGroup;
  readonly cardSize: CardSize;
}

const STORAGE_KEY = "postern.preferences";

/** The valid parts of `stored`; the browser's languages for the rest. */
export function readPreferences(stored: string | null, languages: readonly string[]): Preferences {
  let found: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(stored ?? "{}");
    if (typeof parsed === "object" && parsed !== null) found = parsed;
  } catch {
    // An invalid entry counts as none.
  }
  const { theme, language, wallGroup, cardSize } = found;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    language: language === "en" || language === "fr" ? language : chooseLanguage(languages),
    wallGroup: WALL_GROUPS.find((one) => one === wallGroup) ?? "kind",
    cardSize: CARD_SIZES.find((one) => one === cardSize) ?? "large",
  };
}

function applyToDocument(preferences: Preferences): void {
  const root = document.documentElement;
  root.lang = preferences.language;
  if (preferences.theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = preferences.theme;
}

export type PreferenceStore = ReturnType<typeof openPreferences>;

/** The person's preferences, stored in this browser and applied to the document at once. */
export function openPreferences() {
  const initial = readPreferences(localStorage.getItem(STORAGE_KEY), navigator.languages);
  applyToDocument(initial);
  const store = createStore<Preferences, Partial<Preferences>>(initial, (state, change) => ({
    ...state,
    ...change,
  }));
  store.subscribe(() => {
    applyToDocument(store.get());
    localStorage.setItem(STORAGE_KEY, JSON.stringify(store.get()));
  });
  return store;
}
