import { access, rename, rm } from "node:fs/promises";
import { execa } from "execa";
import { LaunchError } from "../../protocol/index.ts";
import { childEnvironment } from "../process/child-environment.ts";
import type { DiskFormat } from "./entry.ts";

/**
 * Makes the machine's own qcow2 file over a read-only base, unless it exists: everything the guest writes goes there.
 * It appears under its name only when it is whole.
 * @param qemuImg the program
 * @throws LaunchError `OVERLAY_FAILED`
 */
export async function ensureOverlay(
  qemuImg: string,
  overlay: string,
  base: { readonly file: string; readonly format: DiskFormat },
): Promise<void> {
  try {
    await access(overlay);
    return;
  } catch {
    // The first start.
  }
  const unfinished = `${overlay}.new`;
  await rm(unfinished, { force: true });
  const args = ["create", "-q", "-f", "qcow2", "-F", base.format, "-b", base.file, unfinished];
  const result = await execa(qemuImg, args, {
    env: childEnvironment(),
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: 30_000,
  });
  if (result.failed) {
    throw new LaunchError("OVERLAY_FAILED", `qemu-img failed: ${result.stderr || result.shortMessage}`, {
      safeMessage: "The machine's disk could not be made. The host may have run out of space.",
    });
  }
  await rename(unfinished, overlay);
}
