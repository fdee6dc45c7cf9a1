import type { Machine } from "../../api/schemas.ts";
import type { MenuItem } from "../components/menu-item.ts";
import type { Text } from "../text/catalogues.ts";
import type { MachineActions } from "./use-machine-actions.ts";

export type MachineDialog = "remove" | "snapshots" | "bootLog" | "credential";

/** What the menu of a machine offers in its state, beside the buttons under its monitor. */
export function listMachineMenuItems(
  { state, oneShot, credential }: Pick<Machine, "state" | "oneShot" | "credential">,
  { machines, monitor }: Pick<Text, "machines" | "monitor">,
  actions: MachineActions,
  open: (sheet: MachineDialog) => void,
): MenuItem[] {
  const on = state === "booting" || state === "running";
  const awake = on || state === "paused";
  const items: MenuItem[] = [];
  if (on)
    items.push({ label: machines.pause, hint: machines.pauseHint, onChoose: () => actions.act("pause") });
  if (awake && !oneShot)
    items.push({ label: machines.save, hint: machines.saveHint, onChoose: () => actions.act("save") });
  if ((awake || state === "stopped") && !oneShot)
    items.push({ label: `${machines.snapshots}…`, onChoose: () => open("snapshots") });
  if (awake || state === "stopped" || state === "failed")
    items.push({ label: `${machines.bootLog}…`, onChoose: () => open("bootLog") });
  if (credential && (awake || state === "stopped"))
    items.push({ label: `${machines.credential}…`, onChoose: () => open("credential") });
  if (awake)
    items.push({
      ...{ label: machines.reset, hint: machines.resetHint, danger: true },
      onChoose: () => actions.act("reset"),
    });
  if (state === "stopped")
    items.push({ label: monitor.remove, danger: true, onChoose: () => open("remove") });
  return items;
}
