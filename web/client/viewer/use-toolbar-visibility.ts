import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useToolbarShortcut } from "./use-toolbar-shortcut.ts";

const HIDE_DELAY_MS = 3_000;
const EDGE_PX = 4;

export interface ToolbarVisibility {
  readonly shown: boolean;
  readonly show: () => void;
  readonly hide: () => void;
  /** For the toolbar's own pointerenter and pointerleave. */
  readonly cancelHide: () => void;
  readonly hideLater: () => void;
}

/** Shows the toolbar at the upper edge, on the shortcut, and whenever `needed`; hides it after inactivity. */
export function useToolbarVisibility(bar: RefObject<HTMLElement | null>, needed: boolean): ToolbarVisibility {
  const [shown, setShown] = useState(true);
  const timer = useRef<number | undefined>(undefined);

  const stay = useCallback(() => window.clearTimeout(timer.current), []);
  const leave = useCallback(() => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      // The toolbar stays while it has the keyboard focus.
      if (!bar.current?.contains(document.activeElement)) setShown(false);
    }, HIDE_DELAY_MS);
  }, [bar]);
  const show = useCallback(() => {
    setShown(true);
    leave();
  }, [leave]);

  useEffect(() => {
    if (needed) {
      stay();
      setShown(true);
    } else leave();
    return stay;
  }, [needed, stay, leave]);

  useEffect(() => {
    const look = (event: PointerEvent) => {
      if (event.clientY <= EDGE_PX && event.pointerType === "mouse") show();
    };
    window.addEventListener("pointermove", look, true);
    return () => window.removeEventListener("pointermove", look, true);
  }, [show]);

  useToolbarShortcut(
    useCallback(() => {
      setShown(true);
      window.requestAnimationFrame(() => bar.current?.querySelector<HTMLElement>("a, button")?.focus());
    }, [bar]),
  );

  return { shown: shown || needed, show, hide: () => setShown(false), cancelHide: stay, hideLater: leave };
}
