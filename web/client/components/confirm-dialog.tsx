import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { Dialog } from "./dialog.tsx";

interface ConfirmDialogProps {
  readonly title: string;
  readonly confirm: string;
  readonly danger?: boolean;
  /** Nothing to confirm: it cannot be done, or changes nothing. */
  readonly blocked?: boolean;
  readonly act: () => Promise<unknown>;
  readonly onBack: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Says what a change touches, and does it when told. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const all = useText();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const confirm = () => {
    if (busy) return;
    setBusy(true);
    setFault(null);
    props.act().catch((error: unknown) => {
      setBusy(false);
      setFault(error);
    });
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={props.onBack}>
          {all.people.back}
        </button>
        <button
          type="button"
          class={props.danger === true ? "button danger" : "button primary"}
          disabled={props.blocked}
          aria-disabled={busy}
          onClick={confirm}
        >
          {busy ? all.people.working : props.confirm}
        </button>
      </div>
    </Dialog>
  );
}
