import { basename } from "node:path";
import type { Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { findProcesses, isAlive } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

/** Programs that a launcher starts besides QEMU. */
const PROGRAMS: readonly string[] = ["swtpm", "virtiofsd", "passt", "slirp4netns"];
/** Time to end by themselves after QEMU's end, in milliseconds. */
const LEAVE_MS = 2000;
const POLL_MS = 25;

/** A machine's helper processes, also those that were started just before their launcher died. */
export function findHelperProcesses(
  known: readonly ProcessIdentity[],
  paths: Pick<MachinePaths, "socketBase">,
): ProcessIdentity[] {
  const found = findProcesses((commandLine) => {
    const words = commandLine.split("\0");
    const first = basename(words[0] ?? "");
    // setpriv drops privileges before it executes the program.
    const program = first === "setpriv" ? basename(words[words.indexOf("--") + 1] ?? "") : first;
    return PROGRAMS.includes(program) && commandLine.includes(paths.socketBase);
  });
  const others = found.filter(({ pid }) => known.every((one) => one.pid !== pid));
  return [...known.filter(isAlive), ...others];
}

/** Waits for their end; kills those that do not end in time. */
export async function endHelperProcesses(processes: readonly ProcessIdentity[], clock: Clock): Promise<void> {
  const begun = clock.monotonic();
  for (let left = processes.filter(isAlive); left.length > 0; left = left.filter(isAlive)) {
    if (clock.monotonic() - begun >= LEAVE_MS) for (const { pid } of left) process.kill(pid, "SIGKILL");
    await delay(POLL_MS, clock);
  }
}
