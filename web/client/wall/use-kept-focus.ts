import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

/**
 * Keeps the keyboard focus in a card whose button went away with the state of its machine: *Start* is gone once it was
 * pressed, and the focus with it.
 */
export function useKeptFocus(box: RefObject<HTMLElement | null>, state: string): void {
  const hadFocus = useRef(false);
  useEffect(() => {
    const look = (event: FocusEvent) => {
      hadFocus.current = event.target instanceof Node && box.current?.contains(event.target) === true;
    };
    document.addEventListener("focusin", look);
    return () => document.removeEventListener("focusin", look);
  }, [box]);
  useLayoutEffect(() => {
    if (!hadFocus.current || document.activeElement !== document.body) return;
    box.current?.querySelector<HTMLElement>("[data-step], .actions a, .actions button:enabled")?.focus();
  }, [box, state]);
}
