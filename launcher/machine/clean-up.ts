import { rm } from "node:fs/promises";
import { describeError } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { endHelperProcesses, findHelperProcesses } from "../process/helper-processes.ts";
import { removeSockets } from "../process/launch.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineContext } from "./machine-context.ts";

/** QEMU is gone: nothing else of that start may stay, whoever made it. Never rejects. */
export async function cleanUpMachine(
  spec: MachineSpec,
  paths: MachinePaths,
  record: MachineStateFile,
  around: Pick<MachineContext, "outfitters" | "clock" | "log">,
): Promise<void> {
  const { outfitters, clock, log } = around;
  await endHelperProcesses(findHelperProcesses(record.companions, paths), clock);
  for (const outfitter of outfitters) await outfitter.release(spec, paths);
  try {
    await removeSockets(paths);
    await rm(`${paths.exported}.new`, { force: true });
  } catch (error) {
    const fields = { event: "machine.untidy", machine: spec.id, why: describeError(error) };
    log.warn(fields, "something of a machine could not be removed");
  }
}
