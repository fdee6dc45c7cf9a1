import {
  canPause,
  canReset,
  canSave,
  canSnapshot,
  hasBootLog,
  hasGuest,
} from "../../../protocol/mip2/machine-state.ts";
import type { Machine } from "../../api/schemas.ts";
import type { MenuItem } from "../components/menu-item.ts";
import type { Text } from "../text/translations/languages.ts";
import type { MachineActions } from "../machine/use-machine-actions.ts";

export type MachineDialog = "remove" | "snapshots" | "bootLog" | "credential";

/** The menu items of a machine in its state, besides the buttons under its screen. */
export function listMachineMenuItems(
  { state, reachable, oneShot, credential }: Pick<Machine, "state" | "reachable" | "oneShot" | "credential">,
  { machines, monitor }: Pick<Text, "machines" | "monitor">,
  actions: MachineActions,
  open: (dialog: MachineDialog) => void,
): MenuItem[] {
  const items: MenuItem[] = [];
  if (canPause(state))
    items.push({
      label: machines.pause,
      hint: machines.pauseHint,
      onChoose: () => actions.sendCommand("pause"),
    });
  if (canSave(state) && !oneShot)
    items.push({
      label: machines.save,
      hint: machines.saveHint,
      onChoose: () => actions.sendCommand("save"),
    });
  if (canSnapshot(state) && !oneShot)
    items.push({ label: `${machines.snapshots}…`, onChoose: () => open("snapshots") });
  if (hasBootLog(state)) items.push({ label: `${machines.bootLog}…`, onChoose: () => open("bootLog") });
  if (credential && (hasGuest(state) || state === "stopped"))
    items.push({ label: `${machines.credential}…`, onChoose: () => open("credential") });
  if (canReset(state))
    items.push({
      ...{ label: machines.reset, hint: machines.resetHint, danger: true },
      onChoose: () => actions.sendCommand("reset"),
    });
  const possible = reachable
    ? items
    : items.map((item) => ({ ...item, hint: monitor.notConnected, disabled: true }));
  // A host that was put out for good does not come back, and its machines can be removed.
  if (state === "stopped")
    possible.push({ label: monitor.remove, danger: true, onChoose: () => open("remove") });
  return possible;
}
