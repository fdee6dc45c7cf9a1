import type { MachineSpec } from "./machine-spec.ts";

type BootedFromImage = Pick<MachineSpec, "boot" | "master">;

/**
 * Why a machine may not use its image beside those that exist; null: it may. Whoever writes to an image must be alone
 * with it: overlays of others would no longer fit, even those of machines that are off.
 */
export function findBaseImageConflict(
  wanted: BootedFromImage,
  others: readonly BootedFromImage[],
): string | null {
  if (wanted.boot.kind !== "disk") return null;
  const { file } = wanted.boot;
  const sharers = others.filter(({ boot }) => boot.kind === "disk" && boot.file === file);
  if (sharers.some((one) => one.master))
    return "Another machine works on this image itself. Delete that machine first.";
  if (wanted.master && sharers.length > 0)
    return "Other machines are based on this image, so nobody may change it. Delete them first.";
  return null;
}
