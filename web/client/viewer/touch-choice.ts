import { useState } from "preact/hooks";
import type { TouchMode } from "./touch-pointer.ts";

const STORAGE_KEY = "postern.touch";

/** How fingers move the pointer, kept in this browser. */
export function useTouchMode(): readonly [TouchMode, (mode: TouchMode) => void] {
  const [mode, setMode] = useState<TouchMode>(() =>
    localStorage.getItem(STORAGE_KEY) === "trackpad" ? "trackpad" : "direct",
  );
  const choose = (next: TouchMode) => {
    localStorage.setItem(STORAGE_KEY, next);
    setMode(next);
  };
  return [mode, choose];
}
