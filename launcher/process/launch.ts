import { randomInt } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { LaunchError } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import { machineArguments, type Accel } from "../argv/argv.ts";
import { inspectImage } from "../images/inspect.ts";
import { ensureOverlay } from "../images/overlay.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { Programs } from "./programs.ts";
import type { QemuProcess } from "./qemu-process.ts";
import { spawnQemu } from "./spawn.ts";

const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Prepares disk, password and sockets. The image is looked at again each time: it may have changed since.
 * @throws LaunchError `IMAGE_UNAVAILABLE`, `OVERLAY_FAILED`
 */
export async function prepareMachine(
  spec: MachineSpec,
  paths: MachinePaths,
  programs: Programs,
): Promise<void> {
  const fault = await inspectImage(spec.boot);
  if (fault !== null) {
    throw new LaunchError("IMAGE_UNAVAILABLE", `image ${spec.image}: ${JSON.stringify(fault)}`, {
      safeMessage:
        fault.kind === "missing"
          ? "The image's file is missing on this host."
          : `The image cannot be used: ${fault.why}.`,
    });
  }
  if (spec.boot.kind === "disk") await ensureOverlay(programs.qemuImg, paths.overlay, spec.boot);
  await removeSockets(paths);
  await writeFile(paths.vncSecret, makeVncSecret(), { mode: 0o600 });
}

/** Starts QEMU for a machine that was prepared. @throws LaunchError `QEMU_START` */
export function powerOn(
  spec: MachineSpec,
  paths: MachinePaths,
  programs: Programs,
  accel: Accel,
): QemuProcess {
  return spawnQemu(programs.qemu, machineArguments(spec, paths, accel), paths.log);
}

/** The password of the machine's VNC server, as it was made at its last start. */
export async function readVncSecret(paths: MachinePaths): Promise<string> {
  return readFile(paths.vncSecret, "latin1");
}

export async function removeSockets(paths: MachinePaths): Promise<void> {
  await rm(paths.qmpSocket, { force: true });
  await rm(paths.vncSocket, { force: true });
}

/** Bytes in the log so far: what comes later belongs to the next start. */
export async function measureLog(paths: MachinePaths): Promise<number> {
  try {
    return (await stat(paths.log)).size;
  } catch {
    return 0;
  }
}

/** Eight characters: VNC knows no longer passwords. */
function makeVncSecret(): string {
  return Array.from({ length: 8 }, () => SECRET_ALPHABET.charAt(randomInt(SECRET_ALPHABET.length))).join("");
}
