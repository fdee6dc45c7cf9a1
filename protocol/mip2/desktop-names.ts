import { MAX_DESKTOP_NAME_LENGTH } from "./names.ts";

/** Desktop names of a machine's screens: its name, `MACHINE-2`, …; a long name is cut to fit the suffix. */
export function machineDesktopNames({ name, monitors }: MachineDisplays): string[] {
  const numbers = Array.from({ length: monitors - 1 }, (_, index) => index + 2);
  return [name, ...numbers.map((number) => appendNumber(name, number))];
}

export interface MachineDisplays {
  readonly name: string;
  readonly monitors: number;
}

/** Whether two machines would have screens of the same name. */
export function sharesDesktopNames(one: MachineDisplays, other: MachineDisplays): boolean {
  const names = new Set(machineDesktopNames(one));
  return machineDesktopNames(other).some((name) => names.has(name));
}

function appendNumber(name: string, number: number): string {
  const suffix = `-${number}`;
  return name.slice(0, MAX_DESKTOP_NAME_LENGTH - suffix.length) + suffix;
}
