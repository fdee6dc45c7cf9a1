import { useCallback, useEffect, useState } from "preact/hooks";
import type { BootLog, Machine } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useApp, useText } from "../state/app-context.ts";

interface BootLogDialogProps {
  readonly machine: Machine;
  readonly onClose: () => void;
}

/** The end of what a machine wrote to its serial port. */
export function BootLogDialog({ machine, onClose }: BootLogDialogProps) {
  const { api } = useApp();
  const text = useText();
  const { machines } = text;
  const [log, setLog] = useState<BootLog | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const read = useCallback(() => {
    setFault(null);
    api.bootLog(machine.id).then(setLog, (error: unknown) => setFault(explainError(error, text)));
  }, [api, machine.id, text]);
  useEffect(read, [read]);
  return (
    <Dialog title={machines.bootLogOf(machine.name)} size="wide" onClose={onClose}>
      <div class="dialog-stack">
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {log === null && fault === null && <p class="lead">{text.loading}</p>}
        {log?.text === "" && <p class="lead">{machines.bootLogEmpty}</p>}
        {log !== null && log.text !== "" && (
          <>
            {log.truncated && <p class="fine">{machines.bootLogCut}</p>}
            <pre class="boot-log" tabIndex={0} aria-label={machines.bootLogOf(machine.name)}>
              {log.text}
            </pre>
          </>
        )}
        <div class="dialog-foot">
          {log !== null && log.text !== "" && <CopyButton label={text.copy} value={log.text} />}
          <button type="button" class="button" onClick={read}>
            {machines.readAgain}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
