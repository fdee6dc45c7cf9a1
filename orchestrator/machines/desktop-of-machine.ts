import type { DesktopView, MachineRecord } from "../../proxy/index.ts";

/** Whether a desktop is a machine's screen: its own host must say so, another agent's word does not count. */
export function isDesktopOf(desktop: DesktopView, machine: MachineRecord): boolean {
  return desktop.machineId === machine.id && desktop.agentId === machine.agentId;
}
