import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { useVisible } from "./use-visible.ts";
import { useApp } from "../state/app-context.ts";

/** While `box` is visible, tells the server that this desktop may be opened next. Null: no desktop. */
export function useVisibleDesktop(desktopId: string | null, box: RefObject<Element | null>): void {
  const { visibleDesktops } = useApp();
  const visible = useVisible(box);
  useEffect(
    () => (visible && desktopId !== null ? visibleDesktops.add(desktopId) : undefined),
    [visibleDesktops, desktopId, visible],
  );
}
