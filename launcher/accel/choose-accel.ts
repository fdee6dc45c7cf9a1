import type { Logger } from "pino";
import type { Accel, Architecture, Clock } from "../../protocol/index.ts";
import type { QemuPrograms } from "../system/qemu-programs.ts";
import { probeAccel } from "./probe-accel.ts";

export type AccelChoice = "auto" | Accel;

export const HOST_ARCH: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";

/**
 * The acceleration for guests of the host's architecture: as the administrator chose, or as the probe finds. Never
 * rejects.
 * @param scratchDir where the probe puts its guest's image for a moment
 */
export async function chooseAccel(
  choice: AccelChoice,
  programs: QemuPrograms | null,
  { scratchDir, clock, log }: { readonly scratchDir: string; readonly clock: Clock; readonly log: Logger },
): Promise<Accel> {
  if (choice !== "auto") return choice;
  const qemu = programs?.qemu[HOST_ARCH];
  // The probe's guest is one for PCs.
  if (qemu === undefined || HOST_ARCH !== "x86_64") return "tcg";
  try {
    const { accel, why } = await probeAccel(qemu, scratchDir, clock);
    log.info({ event: "launcher.accel", accel, why }, "acceleration chosen");
    return accel;
  } catch (error) {
    log.warn({ event: "launcher.accel", accel: "tcg", err: error }, "acceleration could not be probed");
    return "tcg";
  }
}
