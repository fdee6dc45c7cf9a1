import type { Machine } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { useText } from "../state/app-context.ts";

interface RemoveDialogProps {
  readonly machine: Machine;
  readonly onRemove: () => void;
  readonly onClose: () => void;
}

export function RemoveDialog({ machine, onRemove, onClose }: RemoveDialogProps) {
  const { monitor, cancel } = useText();
  return (
    <Dialog title={monitor.removeTitle(machine.name)} onClose={onClose}>
      <p>{monitor.removeLead}</p>
      {machine.viewers > 0 && <p>{monitor.viewers(machine.viewers)}.</p>}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {cancel}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            onClose();
            onRemove();
          }}
        >
          {monitor.removeConfirm}
        </button>
      </div>
    </Dialog>
  );
}
