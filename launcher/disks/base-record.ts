import { LaunchError } from "../../protocol/index.ts";
import { baseIdentity, identifyBase, isSameBase } from "../images/base-identity.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { isThere, readRecord, replaceJsonFile } from "../system/json-file.ts";

type BasedMachine = Pick<MachineSpec, "boot" | "master">;

/**
 * A machine's disk holds only what differs from its image, and is garbage over any other. The image's file is written
 * down before the disk is made, and compared from then on.
 * @throws LaunchError `IMAGE_REPLACED`
 */
export async function checkBase({ boot, master }: BasedMachine, paths: MachinePaths): Promise<void> {
  if (boot.kind !== "disk" || master) return;
  const known = readRecord(paths.base, baseIdentity);
  const isBuiltOn = isThere(paths.overlay) || isThere(paths.customized);
  // Machines of earlier releases have no record: their image is the one of now.
  if (!isBuiltOn || known.kind !== "whole") {
    replaceJsonFile(paths.base, await identifyBase(boot.file));
    return;
  }
  if (await isSameBase(boot.file, known.value)) return;
  throw LaunchError.public(
    "IMAGE_REPLACED",
    "The image's file on the host was replaced by another one, which does not fit the machine's disk. " +
      "The disk is untouched; the host's administrator can put the former file back.",
  );
}
