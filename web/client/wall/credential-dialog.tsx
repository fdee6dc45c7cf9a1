import { useEffect, useState } from "preact/hooks";
import type { Machine, MachineCredential } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useApp, useText } from "../state/app-context.ts";

interface CredentialDialogProps {
  readonly machine: Machine;
  readonly onClose: () => void;
}

/** The value of `@CREDENTIAL@` in a boot script: loaded on the owner's request, not stored in the page. */
export function CredentialDialog({ machine, onClose }: CredentialDialogProps) {
  const { api } = useApp();
  const text = useText();
  const { machines } = text;
  const [read, setRead] = useState<MachineCredential | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    api.credential(machine.id).then(setRead, (error: unknown) => setFault(explainError(error, text)));
  }, [api, machine.id, text]);
  return (
    <Dialog title={machines.credentialOf(machine.name)} onClose={onClose}>
      <div class="dialog-stack">
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {read === null && fault === null && <p class="lead">{text.loading}</p>}
        {read?.credential === null && <p class="lead">{machines.credentialNone}</p>}
        {read !== null && read.credential !== null && (
          <>
            <p class="lead">{machines.credentialHint}</p>
            <p>
              <code aria-label={machines.credential}>{read.credential}</code>
            </p>
            <div class="dialog-foot">
              <CopyButton label={text.copy} value={read.credential} />
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
