import { useEffect, useState } from "preact/hooks";
import type { Machine, MachineSnapshot } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { Icon } from "../components/icon.tsx";
import { Ago } from "../components/time.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { formatBytes } from "../text/format.ts";

interface SnapshotsDialogProps {
  readonly machine: Machine;
  readonly onClose: () => void;
}

const SNAPSHOT_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/;

/** A machine's snapshots: create, list, restore, remove. */
export function SnapshotsDialog({ machine, onClose }: SnapshotsDialogProps) {
  const { api, wall } = useApp();
  const text = useText();
  const { machines } = text;
  const [list, setList] = useState<readonly MachineSnapshot[] | null>(null);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const perform = (work: () => Promise<MachineSnapshot[] | null>) => {
    setBusy(true);
    setFault(null);
    work()
      .then((answer) => {
        if (answer === null) onClose();
        else setList(answer);
      })
      .catch((error: unknown) => setFault(explainError(error, text)))
      .finally(() => setBusy(false));
  };
  useEffect(() => perform(() => api.snapshots(machine.id)), [api, machine.id]);

  const isWrong = name !== "" && !SNAPSHOT_NAME.test(name);
  const take = (event: Event) => {
    event.preventDefault();
    if (!SNAPSHOT_NAME.test(name) || busy) return;
    perform(async () => {
      const answer = await api.takeSnapshot(machine.id, name);
      setName("");
      return answer;
    });
  };
  const goBack = (to: string) =>
    perform(async () => {
      const changed = await api.restoreSnapshot(machine.id, to);
      wall.dispatch({ type: "machineResponse", machine: changed });
      return null;
    });

  return (
    <Dialog title={machines.snapshotsOf(machine.name)} onClose={onClose}>
      <div class="dialog-stack">
        <p class="lead">{machines.snapshotsLead}</p>
        <form class="snapshot-form" onSubmit={take}>
          <TextField
            label={machines.snapshotName}
            value={name}
            fault={isWrong ? machines.snapshotNameWrong : null}
            onInput={setName}
          />
          <button type="submit" class="button primary" disabled={busy || name === "" || isWrong}>
            {busy && name !== "" ? machines.taking : machines.take}
          </button>
        </form>
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {list?.length === 0 && <p class="fine">{machines.snapshotsNone}</p>}
        <ul class="snapshots" aria-busy={busy}>
          {list?.map((row) => (
            <SnapshotRow
              key={row.name}
              snapshot={row}
              busy={busy}
              onRestore={() => goBack(row.name)}
              onRemove={() => perform(() => api.removeSnapshot(machine.id, row.name))}
            />
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

interface SnapshotRowProps {
  readonly snapshot: MachineSnapshot;
  readonly busy: boolean;
  readonly onRestore: () => void;
  readonly onRemove: () => void;
}

/** Restoring takes a second click: it discards work. */
function SnapshotRow({ snapshot, busy, onRestore: onBack, onRemove: onForget }: SnapshotRowProps) {
  const { machines } = useText();
  const { language } = usePreferences();
  const [asked, setAsked] = useState(false);
  return (
    <li>
      <div>
        <strong>{snapshot.name}</strong>
        <p class="fine">
          <Ago at={snapshot.createdAt} />
          <span class="aside">{formatBytes(snapshot.bytes, language)}</span>
          <span class="aside">{snapshot.withMemory ? machines.withMemory : machines.diskOnly}</span>
        </p>
      </div>
      <button
        type="button"
        class={asked ? "button danger" : "button"}
        disabled={busy}
        aria-label={asked ? undefined : machines.goBackNamed(snapshot.name)}
        onClick={asked ? onBack : () => setAsked(true)}
        onBlur={() => setAsked(false)}
      >
        {asked ? machines.sure : machines.goBack}
      </button>
      <button
        type="button"
        class="button quiet square"
        disabled={busy}
        aria-label={machines.forget(snapshot.name)}
        title={machines.forget(snapshot.name)}
        onClick={onForget}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}
