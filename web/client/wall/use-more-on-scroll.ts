import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Drawn in some 20 ms on a slow machine. */
const STEP = 48;

/**
 * How many cards are drawn: more when the element at their `end` comes near the window, and as few as at first
 * when `what` changes.
 */
export function useMoreOnScroll(what: string): {
  readonly count: number;
  readonly end: RefObject<HTMLDivElement | null>;
} {
  const [drawn, setDrawn] = useState({ what, count: STEP });
  const end = useRef<HTMLDivElement>(null);
  const count = drawn.what === what ? drawn.count : STEP;
  useEffect(() => {
    const element = end.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setDrawn({ what, count: count + STEP });
      },
      { rootMargin: "800px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [what, count]);
  return { count, end };
}
