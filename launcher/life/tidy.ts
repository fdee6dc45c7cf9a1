import { rm } from "node:fs/promises";
import { describeError } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineRecord } from "../adopt/record.ts";
import { endCompanions, findCompanions } from "../process/companions.ts";
import { removeSockets } from "../process/launch.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { Surroundings } from "./surroundings.ts";

/** QEMU is gone: nothing else of that start may stay, whoever made it. Never rejects. */
export async function tidyUp(
  spec: MachineSpec,
  paths: MachinePaths,
  record: MachineRecord,
  around: Pick<Surroundings, "outfitters" | "clock" | "log">,
): Promise<void> {
  const { outfitters, clock, log } = around;
  await endCompanions(findCompanions(record.companions, paths), clock);
  for (const outfitter of outfitters) await outfitter.release(spec, paths);
  try {
    await removeSockets(paths);
    await rm(`${paths.exported}.new`, { force: true });
  } catch (error) {
    const fields = { event: "machine.untidy", machine: spec.id, why: describeError(error) };
    log.warn(fields, "something of a machine could not be removed");
  }
}
