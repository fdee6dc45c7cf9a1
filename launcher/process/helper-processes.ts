import { basename } from "node:path";
import type { Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { findProcesses, isAlive } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

/** Programs that a launcher starts beside QEMU. */
const PROGRAMS: readonly string[] = ["swtpm", "virtiofsd", "passt", "slirp4netns"];
/** How long they have to end by themselves once QEMU is gone, in milliseconds. */
const LEAVE_MS = 2000;
const LOOK_EVERY_MS = 25;

/** The processes beside a machine, also those that were started just before their launcher died. */
export function findHelperProcesses(
  known: readonly ProcessIdentity[],
  paths: Pick<MachinePaths, "socketBase">,
): ProcessIdentity[] {
  const found = findProcesses((commandLine) => {
    const words = commandLine.split("\0");
    const first = basename(words[0] ?? "");
    // Before it is itself it gives up rights.
    const program = first === "setpriv" ? basename(words[words.indexOf("--") + 1] ?? "") : first;
    return PROGRAMS.includes(program) && commandLine.includes(paths.socketBase);
  });
  const others = found.filter(({ pid }) => known.every((one) => one.pid !== pid));
  return [...known.filter(isAlive), ...others];
}

/** Waits until they are gone; those that stay are killed. */
export async function endHelperProcesses(processes: readonly ProcessIdentity[], clock: Clock): Promise<void> {
  const begun = clock.monotonic();
  for (let left = processes.filter(isAlive); left.length > 0; left = left.filter(isAlive)) {
    if (clock.monotonic() - begun >= LEAVE_MS) for (const { pid } of left) process.kill(pid, "SIGKILL");
    await delay(LOOK_EVERY_MS, clock);
  }
}
