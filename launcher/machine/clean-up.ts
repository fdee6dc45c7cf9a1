import { rm } from "node:fs/promises";
import { describeError } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { endHelperProcesses, findHelperProcesses } from "../process/helper-processes.ts";
import { removeSockets } from "../process/launch.ts";
import type { MachineContext } from "./machine-context.ts";

/** Removes what a start left behind, under this launcher or an earlier one, once QEMU has ended. Never rejects. */
export async function cleanUpMachine(
  { spec, paths }: { readonly spec: MachineSpec; readonly paths: MachinePaths },
  record: MachineStateFile,
  { extensions, account, clock, log }: Pick<MachineContext, "extensions" | "account" | "clock" | "log">,
): Promise<void> {
  await endHelperProcesses(findHelperProcesses(record.companions, paths), clock);
  for (const extension of extensions) await extension.release(spec, paths);
  try {
    await removeSockets(paths);
    await account.takeBackMaster(spec);
    await rm(`${paths.exported}.new`, { force: true });
  } catch (error) {
    const fields = { event: "machine.untidy", machine: spec.id, why: describeError(error) };
    log.warn(fields, "something of a machine could not be removed");
  }
}
