import { useId, useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { NativeSheet } from "../native/native-sheet.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { followLink, viewPath } from "../route.ts";
import { usePreferences, useText } from "../state/context.ts";
import { listScreens, type Screen } from "../state/screens.ts";
import { formatMemory } from "../text/format.ts";
import { BootLogSheet } from "./boot-log-sheet.tsx";
import { CredentialSheet } from "./credential-sheet.tsx";
import { FurtherScreens } from "./further-screens.tsx";
import { listMachineActs, type Sheet } from "./machine-menu.ts";
import { MachineScreen } from "./machine-screen.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { SnapshotsSheet } from "./snapshots-sheet.tsx";
import { StateLine } from "./state-line.tsx";
import { StopMenu } from "./stop-menu.tsx";
import { TimeLeft } from "./time-left.tsx";
import { TriedHosts } from "./tried-hosts.tsx";
import { useMachineActions } from "./use-machine-actions.ts";

export function MachineMonitor({ machine }: { readonly machine: Machine }) {
  const text = useText();
  const { monitor, machines, tryAgain } = text;
  const { language } = usePreferences();
  const titleId = useId();
  const actions = useMachineActions(machine.id);
  const [sheet, setSheet] = useState<Sheet | Screen | null>(null);
  const { state, desktopId } = machine;
  const on = state === "booting" || state === "running";
  const awake = on || state === "paused";
  const off = state === "stopped" || state === "failed";

  const more: MenuItem[] = [];
  for (const screen of on ? listScreens(machine) : [])
    more.push({
      label: screen.number === 1 ? monitor.openInViewer : monitor.openNumberInViewer(screen.number),
      onChoose: () => setSheet(screen),
    });
  more.push(...listMachineActs(machine, text, actions, setSheet));

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
          {machine.oneShot && (
            <span class="aside" title={machines.oneShotHint}>
              {machines.oneShot}
            </span>
          )}
          {on && machine.accel === "tcg" && (
            <span class="aside" title={monitor.slowHint}>
              {monitor.slow}
            </span>
          )}
        </p>
        <StateLine state={state} since={machine.since} viewers={machine.viewers} />
        <TimeLeft machine={machine} actions={actions} />
        <TriedHosts machine={machine} />
        <div class="actions">
          {on && desktopId !== null && (
            <a class="button primary" href={viewPath(desktopId)} onClick={followLink}>
              {monitor.connect}
            </a>
          )}
          {on && <FurtherScreens machine={machine} />}
          {off && (
            <button type="button" class="button primary" disabled={actions.busy} onClick={actions.start}>
              {state === "failed" ? tryAgain : machine.saved ? machines.goOn : monitor.start}
            </button>
          )}
          {state === "paused" && (
            <button
              type="button"
              class="button primary"
              disabled={actions.busy}
              onClick={() => actions.act("resume")}
            >
              {machines.resume}
            </button>
          )}
          {awake && (
            <StopMenu
              machine={machine}
              actions={actions}
              face={machine.oneShot ? machines.end : monitor.stop}
            />
          )}
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
      {sheet !== null && typeof sheet === "object" && (
        <NativeSheet desktopId={sheet.desktopId} name={sheet.desktop} onClose={() => setSheet(null)} />
      )}
      {sheet === "remove" && (
        <RemoveDialog machine={machine} onRemove={actions.remove} onClose={() => setSheet(null)} />
      )}
      {sheet === "snapshots" && <SnapshotsSheet machine={machine} onClose={() => setSheet(null)} />}
      {sheet === "credential" && <CredentialSheet machine={machine} onClose={() => setSheet(null)} />}
      {sheet === "bootLog" && <BootLogSheet machine={machine} onClose={() => setSheet(null)} />}
    </article>
  );
}
