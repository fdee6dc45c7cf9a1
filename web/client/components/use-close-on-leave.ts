import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** While it is open: closes what is in `box` when the pointer or the focus goes elsewhere. */
export function useCloseOnLeave(
  open: boolean,
  box: RefObject<HTMLElement | null>,
  setOpen: (open: boolean) => void,
): void {
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [open]);
}
