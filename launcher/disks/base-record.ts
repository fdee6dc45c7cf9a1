import { z } from "zod";
import { LaunchError } from "../../protocol/index.ts";
import { baseIdentity, identifyBase, isSameBase, type BaseIdentity } from "../images/base-identity.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { isThere, readRecord, replaceJsonFile } from "../system/json-file.ts";

type BasedMachine = Pick<MachineSpec, "boot" | "master" | "extraDisks">;

/** Of the first disk, and of the further ones in their order. Records of earlier releases have the first alone. */
const baseRecord = baseIdentity.extend({ extraDisks: z.array(baseIdentity).optional() });

/**
 * A machine's disk holds only what differs from its image, and is garbage over any other. The image's files are
 * written down before the disks are made, and compared from then on.
 * @throws LaunchError `IMAGE_REPLACED`
 */
export async function checkBase(
  { boot, master, extraDisks = [] }: BasedMachine,
  paths: MachinePaths,
): Promise<void> {
  if (boot.kind !== "disk" || master) return;
  const known = readRecord(paths.base, baseRecord);
  const made = [
    paths.overlay,
    paths.customized,
    ...extraDisks.map((_disk, index) => paths.extraOverlay(index)),
  ];
  // Machines of earlier releases have no record: their image is the one of now.
  if (known.kind !== "whole" || !made.some(isThere)) {
    const first = await identifyBase(boot.file);
    replaceJsonFile(paths.base, { ...first, extraDisks: await identifyAll(extraDisks) });
    return;
  }
  const { extraDisks: further, ...first } = known.value;
  if (!(await isSameBase(boot.file, first))) throw replaced();
  if (further === undefined) {
    replaceJsonFile(paths.base, { ...first, extraDisks: await identifyAll(extraDisks) });
    return;
  }
  for (const [index, { file }] of extraDisks.entries()) {
    const before = further[index];
    if (before !== undefined && !(await isSameBase(file, before))) throw replaced();
  }
}

async function identifyAll(disks: readonly { readonly file: string }[]): Promise<BaseIdentity[]> {
  const all: BaseIdentity[] = [];
  for (const { file } of disks) all.push(await identifyBase(file));
  return all;
}

function replaced(): LaunchError {
  return LaunchError.public(
    "IMAGE_REPLACED",
    "The image's file on the host was replaced by another one, which does not fit the machine's disk. " +
      "The disk is untouched; the host's administrator can put the former file back.",
  );
}
