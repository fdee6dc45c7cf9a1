import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useToolbarShortcut } from "./use-toolbar-shortcut.ts";

const HIDE_DELAY_MS = 3_000;
const EDGE_PX = 4;
/** The pointer rests at the edge for so long: whoever clicks something of the desktop there is faster. */
const EDGE_REST_MS = 400;

export interface ToolbarVisibility {
  readonly shown: boolean;
  readonly show: () => void;
  readonly hide: () => void;
  /** For the toolbar's own pointerenter and pointerleave. */
  readonly cancelHide: () => void;
  readonly hideLater: () => void;
}

/** Whether the pointer is at a place that the toolbar does not cover and that is not on the way to it. */
function isBelow(event: PointerEvent, bar: HTMLElement | null): boolean {
  return bar !== null && event.clientY > bar.getBoundingClientRect().bottom;
}

/**
 * Shows the toolbar when the pointer rests at the upper edge, on the shortcut, and whenever `needed`; hides it as soon as the
 * pointer is at the picture, and after inactivity.
 */
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
    let resting: number | undefined;
    const endRest = () => {
      window.clearTimeout(resting);
      resting = undefined;
    };
    const look = (event: PointerEvent) => {
      if (event.pointerType !== "mouse") return;
      if (event.clientY > EDGE_PX || event.buttons !== 0) endRest();
      else resting ??= window.setTimeout(show, EDGE_REST_MS);
      const hasFocus = bar.current?.contains(document.activeElement) ?? false;
      if (isBelow(event, bar.current) && !hasFocus) setShown(false);
    };
    window.addEventListener("pointermove", look, true);
    window.addEventListener("pointerdown", endRest, true);
    return () => {
      endRest();
      window.removeEventListener("pointermove", look, true);
      window.removeEventListener("pointerdown", endRest, true);
    };
  }, [bar, show]);

  useToolbarShortcut(
    useCallback(() => {
      setShown(true);
      window.requestAnimationFrame(() => bar.current?.querySelector<HTMLElement>("a, button")?.focus());
    }, [bar]),
  );

  return { shown: shown || needed, show, hide: () => setShown(false), cancelHide: stay, hideLater: leave };
}
