import { useEffect, useState } from "preact/hooks";

interface LockableKeyboard {
  lock?: () => Promise<void>;
}

export function useFullScreen(): boolean {
  const [full, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, []);
  return full;
}

/** Toggles full screen. Where the browser allows it, keys like Alt+Tab then also go to the desktop. */
export async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement !== null) return document.exitFullscreen();
  await document.documentElement.requestFullscreen();
  const { keyboard } = navigator as Navigator & { keyboard?: LockableKeyboard };
  await keyboard?.lock?.();
}
