import { createContext } from "preact";
import { useContext, useLayoutEffect, useState } from "preact/hooks";
import type { Api } from "../api/api-client.ts";
import { catalogues, type Text } from "../text/translations/languages.ts";
import type { Confirmation } from "./confirmation.ts";
import type { PreferenceStore, Preferences } from "./preferences.ts";
import type { Store } from "./store.ts";
import type { WallAction, WallState } from "./wall-state.ts";

/** The desktops that are visible on the page. */
interface VisibleDesktopRegistry {
  /** Returns a function that removes the desktop again. */
  add(id: string): () => void;
}

export interface AppContext {
  readonly api: Api;
  readonly wall: Store<WallState, WallAction>;
  readonly preferences: PreferenceStore;
  readonly confirmation: Confirmation;
  readonly visibleDesktops: VisibleDesktopRegistry;
}

const Context = createContext<AppContext | null>(null);
export const AppProvider = Context.Provider;

export function useApp(): AppContext {
  const app = useContext(Context);
  if (app === null) throw new Error("useApp outside of AppProvider");
  return app;
}

/** The part of a store that `select` returns; renders again when that part changes. */
function useSelected<State, Action, Part>(store: Store<State, Action>, select: (state: State) => Part): Part {
  const part = select(store.get());
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    let shown = select(store.get());
    const check = () => {
      const next = select(store.get());
      if (Object.is(next, shown)) return;
      shown = next;
      redraw((count) => count + 1);
    };
    // The store may have changed between rendering and this effect.
    if (!Object.is(part, shown)) redraw((count) => count + 1);
    return store.subscribe(check);
  }, [store]);
  return part;
}

export function useWall<Part>(select: (state: WallState) => Part): Part {
  return useSelected(useApp().wall, select);
}

export function usePreferences(): Preferences {
  return useSelected(useApp().preferences, (preferences) => preferences);
}

/** Whether something waits for the person to confirm that it is them. */
export function useConfirming(): boolean {
  return useSelected(useApp().confirmation.open, (open) => open);
}

export function useText(): Text {
  return catalogues[usePreferences().language];
}
