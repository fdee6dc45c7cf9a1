import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { MenuItem } from "./menu-item.ts";
import { useCloseOnLeave } from "./use-close-on-leave.ts";

export type { MenuItem };

interface MenuProps {
  readonly label: string;
  readonly trigger: ComponentChildren;
  readonly className?: string;
  readonly items: readonly MenuItem[];
  /** A line above the choices: whom they affect. */
  readonly note?: string | undefined;
  /** Why it cannot be opened now. */
  readonly disabledReason?: string | undefined;
}

const MARGIN_PX = 8;

function keepInWindow(list: HTMLElement): void {
  const { clientWidth, clientHeight } = document.documentElement;
  const { left, right, top, bottom } = list.getBoundingClientRect();
  const over = right - (clientWidth - MARGIN_PX);
  if (over > 0) list.style.marginLeft = `${-Math.min(over, left - MARGIN_PX)}px`;
  const below = bottom - (clientHeight - MARGIN_PX);
  if (below <= 0) return;
  // Upwards as far as there is room; the rest scrolls.
  list.style.marginTop = `${-Math.max(0, Math.min(below, top - MARGIN_PX))}px`;
  list.style.maxHeight = `${clientHeight - 2 * MARGIN_PX}px`;
  list.style.overflowY = "auto";
}

/** A button with a menu below it. Arrow keys move, Esc closes, a click elsewhere closes. */
export function Menu({ label, trigger, className = "button", items, note, disabledReason }: MenuProps) {
  const [open, setOpen] = useState(false);
  const menuId = useId();
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (open && list.current !== null) keepInWindow(list.current);
  }, [open]);

  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [open]);
  useCloseOnLeave(open, box, setOpen);
  useEffect(() => {
    if (disabledReason !== undefined) setOpen(false);
  }, [disabledReason]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };

  const handleKey = (event: KeyboardEvent) => {
    if (!open) return;
    const entries = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = entries.findIndex((entry) => entry === document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Escape") close();
    else if (step !== 0) entries[(at + step + entries.length) % entries.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" ref={box} onKeyDown={handleKey}>
      <button
        ref={button}
        type="button"
        class={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        title={disabledReason ?? label}
        disabled={disabledReason !== undefined}
        onClick={() => setOpen(!open)}
      >
        {trigger}
      </button>
      {open && (
        <div class="menu-list" ref={list} id={menuId} role="menu" aria-label={label}>
          {note !== undefined && <p class="menu-note">{note}</p>}
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              class={item.danger === true ? "menu-item danger" : "menu-item"}
              aria-disabled={item.disabled}
              onClick={() => {
                if (item.disabled === true) return;
                close();
                item.onChoose();
              }}
            >
              <span>{item.label}</span>
              {item.hint !== undefined && <small>{item.hint}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
