import { useEffect } from "preact/hooks";

/**
 * Ctrl+Alt+Shift, pressed and released alone, moves the focus from the screen to the toolbar. It acts when
 * the last key is released, so that the desktop has no key held down.
 */
export function useToolbarShortcut(onChord: () => void): void {
  useEffect(() => {
    let armed = false;
    const press = (event: KeyboardEvent) => {
      const modifier = ["Control", "Alt", "Shift"].includes(event.key);
      armed = modifier && (armed || (event.ctrlKey && event.altKey && event.shiftKey));
    };
    const release = (event: KeyboardEvent) => {
      if (!armed || event.ctrlKey || event.altKey || event.shiftKey) return;
      armed = false;
      onChord();
    };
    window.addEventListener("keydown", press, true);
    window.addEventListener("keyup", release, true);
    return () => {
      window.removeEventListener("keydown", press, true);
      window.removeEventListener("keyup", release, true);
    };
  }, [onChord]);
}
