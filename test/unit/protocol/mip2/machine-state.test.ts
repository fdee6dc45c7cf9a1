import { expect, test } from "vitest";
import { machineState, type MachineState } from "../../../../protocol/mip2/host-methods.ts";
import * as predicates from "../../../../protocol/mip2/machine-state.ts";

const RUNNING = ["booting", "running"];
const GUEST = [...RUNNING, "paused"];

test.each<[keyof typeof predicates, string[]]>([
  ["isOff", ["stopped", "failed"]],
  ["isOn", RUNNING],
  ["hasGuest", GUEST],
  ["hasDisplay", [...GUEST, "stopping"]],
  ["isPending", ["queued", "preparing"]],
  ["isStarting", ["queued", "preparing", "booting"]],
  ["canPause", RUNNING],
  ["canSave", GUEST],
  ["canReset", GUEST],
  ["canSnapshot", [...GUEST, "stopped"]],
  ["hasBootLog", [...GUEST, "stopped", "failed"]],
])("%s: %j", (name, states) => {
  const holds = (state: MachineState) => predicates[name](state);
  expect(machineState.options.filter(holds).toSorted()).toEqual(states.toSorted());
});

test("every state is pending, has a process or is off, and only one of these", () => {
  const { hasDisplay, isOff, isPending } = predicates;
  const hasProcess = (state: MachineState) => hasDisplay(state) || state === "saving";
  for (const state of machineState.options)
    expect([hasProcess, isOff, isPending].filter((holds) => holds(state))).toHaveLength(1);
});
