import type { ComponentChildren } from "preact";
import { CopyButton } from "./copy-button.tsx";
import { Dialog } from "./dialog.tsx";

interface ShownOnceProps {
  readonly title: string;
  readonly lead: string;
  /** What the button says by which a person has kept it. */
  readonly done: string;
  readonly onDone: () => void;
  readonly children: ComponentChildren;
}

/** Shows what was made and cannot be had again. It stays until the person says that they have it. */
export function ShownOnce({ title, lead, done, onDone, children }: ShownOnceProps) {
  return (
    <Dialog staysOpen title={title} onClose={onDone}>
      <p>{lead}</p>
      {children}
      <div class="dialog-actions">
        <button type="button" class="button primary" onClick={onDone}>
          {done}
        </button>
      </div>
    </Dialog>
  );
}

interface CopiedValueProps {
  readonly value: string;
  /** What the button to copy it says. */
  readonly copy: string;
  /** In small letters, above its button. */
  readonly long?: boolean;
}

export function CopiedValue({ value, copy, long = false }: CopiedValueProps) {
  return (
    <div class={long ? "made-link" : "made-password"}>
      <code>{value}</code>
      <CopyButton value={value} label={copy} />
    </div>
  );
}
