import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { Icon } from "./icon.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly size?: "narrow" | "wide";
  /** Only its buttons close it: what it shows cannot be had again. */
  readonly staysOpen?: boolean;
  readonly children: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus inside and restores it; Esc and a click outside close it, where it does not stay open. */
export function Dialog({ title, onClose, size = "narrow", staysOpen = false, children }: DialogProps) {
  const text = useText();
  const titleId = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      class={`dialog ${size}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        if (!staysOpen) onClose();
      }}
      onClose={({ currentTarget }) => {
        // At a second Esc a browser closes it without asking.
        if (staysOpen && currentTarget.isConnected) currentTarget.showModal();
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget && !staysOpen) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          {!staysOpen && (
            <button type="button" class="button quiet square" aria-label={text.close} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
