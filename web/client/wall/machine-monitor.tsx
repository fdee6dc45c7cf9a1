import { useId, useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { NativeSheet } from "../native/native-sheet.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { followLink, viewPath } from "../route.ts";
import { usePreferences, useText } from "../state/context.ts";
import { formatMemory } from "../text/format.ts";
import { MachineScreen } from "./machine-screen.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { StateLine } from "./state-line.tsx";
import { StopMenu } from "./stop-menu.tsx";
import { useMachineActions } from "./use-machine-actions.ts";

export function MachineMonitor({ machine }: { readonly machine: Machine }) {
  const { monitor, tryAgain } = useText();
  const { language } = usePreferences();
  const titleId = useId();
  const actions = useMachineActions(machine.id);
  const [sheet, setSheet] = useState<"native" | "remove" | null>(null);
  const { state, desktopId } = machine;
  const on = state === "booting" || state === "running";
  const off = state === "stopped" || state === "failed";

  const more: MenuItem[] = [];
  if (on && desktopId !== null)
    more.push({ label: monitor.openInViewer, onChoose: () => setSheet("native") });
  if (state === "stopped")
    more.push({ label: monitor.remove, danger: true, onChoose: () => setSheet("remove") });

  return (
    <article class="monitor" data-state={state} data-machine={machine.id} aria-labelledby={titleId}>
      <div class="bezel">
        <MachineScreen machine={machine} actions={actions} />
      </div>
      <div class="caption">
        <h3 id={titleId}>{machine.name}</h3>
        <p class="system">
          <span>{machine.imageTitle}</span>
          <span class="aside">{monitor.cpus(machine.cpus)}</span>
          <span class="aside">{formatMemory(machine.memoryMb, language)}</span>
          {on && machine.accel === "tcg" && (
            <span class="aside" title={monitor.slowHint}>
              {monitor.slow}
            </span>
          )}
        </p>
        <StateLine state={state} since={machine.since} viewers={machine.viewers} />
        <div class="actions">
          {on && desktopId !== null && (
            <a class="button primary" href={viewPath(desktopId)} onClick={followLink}>
              {monitor.connect}
            </a>
          )}
          {off && (
            <button type="button" class="button primary" disabled={actions.busy} onClick={actions.start}>
              {state === "failed" ? tryAgain : monitor.start}
            </button>
          )}
          {on && <StopMenu machine={machine} actions={actions} face={monitor.stop} />}
          {state === "stopping" && (
            <button type="button" class="button" disabled={actions.busy} onClick={() => actions.stop(true)}>
              {monitor.switchOff}
            </button>
          )}
          {(state === "queued" || state === "preparing" || state === "failed") && (
            <button type="button" class="button" disabled={actions.busy} onClick={() => setSheet("remove")}>
              {monitor.remove}
            </button>
          )}
          {more.length > 0 && (
            <Menu
              label={monitor.more(machine.name)}
              face={<Icon name="more" />}
              className="button quiet square"
              items={more}
            />
          )}
        </div>
      </div>
      {sheet === "native" && desktopId !== null && (
        <NativeSheet desktopId={desktopId} name={machine.name} onClose={() => setSheet(null)} />
      )}
      {sheet === "remove" && (
        <RemoveDialog machine={machine} onRemove={actions.remove} onClose={() => setSheet(null)} />
      )}
    </article>
  );
}
