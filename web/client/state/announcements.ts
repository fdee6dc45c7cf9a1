import type { Machine } from "../../api/schemas.ts";
import type { Text } from "../text/translations/languages.ts";
import { explainReason } from "../text/explain-reason.ts";
import type { WallState } from "./wall-state.ts";

type WallContents = Pick<WallState, "machines" | "desktops">;

function nameState({ state, reachable }: Machine, text: Text): string {
  return reachable ? text.state[state] : text.monitor.notConnected;
}

/** Whether the seconds run until it is switched off, and *Keep it on* cancels that. */
function isCounted({ state, reachable, powerOffAt, ending }: Machine): boolean {
  return reachable && state === "stopping" && powerOffAt !== null && !ending;
}

/** What a screen reader should announce about the difference between two states of the wall. */
export function describeChanges(before: WallContents, after: WallContents, text: Text): string[] {
  const said: string[] = [];
  for (const machine of Object.values(after.machines)) {
    const known = before.machines[machine.id];
    if (machine.expiresSoon && known?.expiresSoon === false) said.push(text.machines.soon(machine.name));
    if (isCounted(machine) && (known === undefined || !isCounted(known)))
      said.push(text.machines.powerOffSoon(machine.name));
    const state = nameState(machine, text);
    if (known !== undefined && nameState(known, text) === state) continue;
    const reason = explainReason(machine, text);
    said.push(
      reason !== null && machine.state === "failed" && machine.reachable
        ? text.monitor.announceReason(machine.name, state, reason)
        : text.monitor.announce(machine.name, state),
    );
  }
  for (const machine of Object.values(before.machines)) {
    if (!(machine.id in after.machines)) said.push(text.monitor.announceGone(machine.name));
  }
  for (const desktop of Object.values(after.desktops)) {
    if (desktop.machineId !== null) continue;
    if (before.desktops[desktop.id]?.state === desktop.state) continue;
    said.push(text.monitor.announce(desktop.name, text.state[desktop.state]));
  }
  return said;
}
