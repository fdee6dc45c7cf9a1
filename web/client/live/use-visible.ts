import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Whether the element is visible: inside the window, in a foreground tab. */
export function useVisible(ref: RefObject<Element | null>): boolean {
  const [inside, setInside] = useState(false);
  const [inFront, setInFront] = useState(!document.hidden);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      (entries) => setInside(entries.some((entry) => entry.isIntersecting)),
      { rootMargin: "64px" },
    );
    observer.observe(element);
    const look = () => setInFront(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
  }, [ref]);
  return inside && inFront;
}
