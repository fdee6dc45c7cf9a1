import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { Dialog } from "./dialog.tsx";

interface ActDialogProps {
  readonly title: string;
  readonly confirm: string;
  /** What the button to leave says (default: that it goes back), and does. */
  readonly leave?: string;
  readonly onLeave: () => void;
  readonly danger?: boolean;
  /** It is not known yet what it touches, or it would change nothing. */
  readonly blocked?: boolean;
  readonly act: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Says what an act touches, and does it when told. */
export function ActDialog(props: ActDialogProps) {
  const all = useText();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const confirm = (event: Event) => {
    event.preventDefault();
    if (busy || props.blocked === true) return;
    setBusy(true);
    setFault(null);
    props
      .act()
      .catch(setFault)
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form class="dialog-stack" onSubmit={confirm} noValidate>
        {props.children}
        <p class="fault" role="alert">
          {fault !== null && explainError(fault, all)}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={props.onLeave}>
            {props.leave ?? all.people.back}
          </button>
          <button
            type="submit"
            class={props.danger === true ? "button danger" : "button primary"}
            disabled={props.blocked}
            aria-disabled={busy}
          >
            {busy ? all.people.working : props.confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
