import { hasGuest, isOff, isOn, isPending } from "../../../protocol/mip2/machine-state.ts";
import { useId, useRef, useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { NativeViewerDialog } from "../native/native-viewer-dialog.tsx";
import { Icon } from "../components/icon.tsx";
import { memo } from "../components/memo.ts";
import { Menu, type MenuItem } from "../components/menu.tsx";
import { followLink, buildViewPath } from "../page-route.ts";
import { allows } from "../state/access.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { listConnectableDisplays, type ConnectableDisplay } from "../state/connectable-displays.ts";
import { formatMemory } from "../text/format.ts";
import { BootLogDialog } from "./boot-log-dialog.tsx";
import { CredentialDialog } from "./credential-dialog.tsx";
import { OtherDisplays } from "./other-displays.tsx";
import { AccessDialog } from "../rights/access-dialog.tsx";
import { targetOfMachine } from "../rights/describe-grant.ts";
import { usePower } from "../state/use-power.ts";
import { listMachineMenuItems, type MachineDialog } from "./machine-menu.ts";
import { MachinePreview } from "./machine-preview.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { SnapshotsDialog } from "./snapshots-dialog.tsx";
import { StateSummary } from "./state-summary.tsx";
import { StopMenu } from "../machine/stop-menu.tsx";
import { PowerOff } from "../machine/power-off.tsx";
import { TimeLeft } from "../machine/time-left.tsx";
import { TriedHosts } from "./tried-hosts.tsx";
import { useKeptFocus } from "./use-kept-focus.ts";
import { useMachineActions } from "../machine/use-machine-actions.ts";

export const MachineCard = memo(function MachineCard({ machine }: { readonly machine: Machine }) {
  const text = useText();
  const { monitor, machines, tryAgain } = text;
  const { language } = usePreferences();
  const titleId = useId();
  const box = useRef<HTMLElement>(null);
  const actions = useMachineActions(machine.id);
  const [dialog, setDialog] = useState<MachineDialog | "access" | ConnectableDisplay | null>(null);
  const { state, reachable, desktopId } = machine;
  const audits = usePower("audit");
  const awayReason = reachable ? undefined : monitor.awayReason;
  const on = isOn(state);
  const mayWatch = allows(machine.access, "view");
  const mayAct = allows(machine.access, "control");
  const mayManage = allows(machine.access, "manage");
  useKeptFocus(box, `${state} ${reachable}`);

  const more: MenuItem[] = [];
  for (const screen of on && reachable && mayWatch ? listConnectableDisplays(machine) : [])
    more.push({
      label: screen.number === 1 ? monitor.openInViewer : monitor.openNumberInViewer(screen.number),
      onChoose: () => setDialog(screen),
    });
  more.push(...listMachineMenuItems(machine, text, actions, setDialog));
  if (audits) more.push({ label: text.grants.menu, onChoose: () => setDialog("access") });

  return (
    <article
      ref={box}
      class="monitor"
      data-state={state}
      data-machine={machine.id}
      data-reachable={reachable}
      aria-labelledby={titleId}
    >
      <div class="bezel">
        <MachinePreview machine={machine} actions={actions} />
      </div>
      <div class="caption">
        <h3 id={titleId}>{machine.name}</h3>
        <p class="system">
          <span>{machine.imageTitle}</span>
          {machine.cpus !== null && <span class="aside">{monitor.cpus(machine.cpus)}</span>}
          {machine.memoryMb !== null && <span class="aside">{formatMemory(machine.memoryMb, language)}</span>}
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
          {on && machine.addresses?.[0] !== undefined && (
            <span class="aside" title={monitor.addressesHint(machine.addresses.join(", "))}>
              {machine.addresses[0]}
            </span>
          )}
        </p>
        <StateSummary state={state} reachable={reachable} since={machine.since} viewers={machine.viewers} />
        <PowerOff machine={machine} actions={actions} />
        <TimeLeft machine={machine} actions={actions} />
        <TriedHosts machine={machine} />
        <div class="actions">
          {(on || state === "stopping") && desktopId !== null && reachable && mayWatch && (
            <a class="button primary" href={buildViewPath(desktopId)} onClick={followLink}>
              {mayAct ? monitor.connect : monitor.watch}
            </a>
          )}
          {on && reachable && mayWatch && <OtherDisplays machine={machine} />}
          {isOff(state) && mayAct && (
            <button
              type="button"
              class="button primary"
              title={awayReason}
              disabled={actions.busy || !reachable}
              onClick={actions.start}
            >
              {state === "failed" ? tryAgain : machine.saved ? machines.goOn : monitor.start}
            </button>
          )}
          {state === "paused" && mayAct && (
            <button
              type="button"
              class="button primary"
              title={awayReason}
              disabled={actions.busy || !reachable}
              onClick={() => actions.sendCommand("resume")}
            >
              {machines.resume}
            </button>
          )}
          {hasGuest(state) && (machine.oneShot ? mayManage : mayAct) && (
            <StopMenu
              machine={machine}
              actions={actions}
              trigger={machine.oneShot ? machines.end : monitor.stop}
            />
          )}
          {state === "stopping" && mayAct && (
            <button
              type="button"
              class="button"
              title={awayReason}
              disabled={actions.busy || !reachable}
              onClick={() => actions.stop(true)}
            >
              {monitor.switchOff}
            </button>
          )}
          {(isPending(state) || state === "failed") && mayManage && (
            <button type="button" class="button" disabled={actions.busy} onClick={() => setDialog("remove")}>
              {monitor.remove}
            </button>
          )}
          {more.length > 0 && (
            <Menu
              label={monitor.more(machine.name)}
              trigger={<Icon name="more" />}
              className="button quiet square"
              items={more}
            />
          )}
        </div>
      </div>
      {dialog !== null && typeof dialog === "object" && (
        <NativeViewerDialog
          desktopId={dialog.desktopId}
          name={dialog.desktop}
          watchOnly={!mayAct}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "remove" && (
        <RemoveDialog machine={machine} onRemove={actions.remove} onClose={() => setDialog(null)} />
      )}
      {dialog === "access" && (
        <AccessDialog
          kind="machine"
          id={machine.id}
          name={machine.name}
          on={targetOfMachine(machine)}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "snapshots" && <SnapshotsDialog machine={machine} onClose={() => setDialog(null)} />}
      {dialog === "credential" && <CredentialDialog machine={machine} onClose={() => setDialog(null)} />}
      {dialog === "bootLog" && <BootLogDialog machine={machine} onClose={() => setDialog(null)} />}
    </article>
  );
});
