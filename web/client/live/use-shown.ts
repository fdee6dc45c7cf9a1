import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { useVisible } from "../parts/use-visible.ts";
import { useApp } from "../state/context.ts";

/** While `box` can be seen, the server knows that this desktop may be opened next; null: it cannot be. */
export function useShown(desktopId: string | null, box: RefObject<Element | null>): void {
  const { shown } = useApp();
  const visible = useVisible(box);
  useEffect(
    () => (visible && desktopId !== null ? shown.show(desktopId) : undefined),
    [shown, desktopId, visible],
  );
}
