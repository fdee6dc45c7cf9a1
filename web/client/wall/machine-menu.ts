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
import { allows } from "../state/access.ts";
import type { Text } from "../text/translations/languages.ts";
import type { MachineActions } from "../machine/use-machine-actions.ts";

export type MachineDialog = "remove" | "snapshots" | "bootLog" | "credential";

type MenuMachine = Pick<Machine, "state" | "reachable" | "oneShot" | "credential" | "access">;

/** The menu items of a machine in its state, besides the buttons under its screen. */
export function listMachineMenuItems(
  { state, reachable, oneShot, credential, access }: MenuMachine,
  { machines, monitor }: Pick<Text, "machines" | "monitor">,
  actions: MachineActions,
  open: (dialog: MachineDialog) => void,
): MenuItem[] {
  const items: MenuItem[] = [];
  const mayAct = allows(access, "control");
  const mayManage = allows(access, "manage");
  if (mayAct && canPause(state))
    items.push({
      label: machines.pause,
      hint: machines.pauseHint,
      onChoose: () => actions.sendCommand("pause"),
    });
  if (mayAct && canSave(state) && !oneShot)
    items.push({
      label: machines.save,
      hint: machines.saveHint,
      onChoose: () => actions.sendCommand("save"),
    });
  if (mayManage && canSnapshot(state) && !oneShot)
    items.push({ label: `${machines.snapshots}…`, onChoose: () => open("snapshots") });
  if (mayManage && hasBootLog(state))
    items.push({ label: `${machines.bootLog}…`, onChoose: () => open("bootLog") });
  if (credential && (hasGuest(state) || state === "stopped"))
    items.push({ label: `${machines.credential}…`, onChoose: () => open("credential") });
  if (mayAct && canReset(state))
    items.push({
      ...{ label: machines.reset, hint: machines.resetHint, danger: true },
      onChoose: () => actions.sendCommand("reset"),
    });
  const possible = reachable
    ? items
    : items.map((item) => ({ ...item, hint: monitor.notConnected, disabled: true }));
  // A host that was put out for good does not come back, and its machines can be removed.
  if (mayManage && state === "stopped")
    possible.push({ label: monitor.remove, danger: true, onChoose: () => open("remove") });
  return possible;
}
