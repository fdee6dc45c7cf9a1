import { randomInt } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LaunchError } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { machineArguments, type StartParameters } from "../argv/machine-arguments.ts";
import { inspectImage } from "../images/inspect-image.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { Command } from "../system/child-process.ts";
import { ensureMachineDisks } from "../disks/machine-disks.ts";
import { EMULATOR_PACKAGES, type QemuPrograms } from "../system/qemu-programs.ts";

const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Looks at a machine's image again before each start: it may have changed since. @throws LaunchError `IMAGE_UNAVAILABLE` */
export async function checkImage(spec: MachineSpec): Promise<void> {
  const fault = await inspectImage(spec.boot);
  if (fault !== null) {
    throw new LaunchError("IMAGE_UNAVAILABLE", `image ${spec.image}: ${JSON.stringify(fault)}`, {
      safeMessage:
        fault.kind === "missing"
          ? "The image's file is missing on this host."
          : `The image cannot be used: ${fault.why}.`,
      details: fault.kind === "missing" ? {} : { why: fault.why },
    });
  }
}

/**
 * Prepares disk, password and sockets.
 * @param customized the disk that boot scripts changed; null: there is none
 * @throws LaunchError `OVERLAY_FAILED`, `FIRMWARE_MISSING`
 */
export async function prepareMachine(
  spec: MachineSpec,
  paths: MachinePaths,
  programs: QemuPrograms,
  customized: string | null,
): Promise<void> {
  await ensureMachineDisks(programs.qemuImg, spec, paths, customized);
  await removeSockets(paths);
  await writeFile(paths.vncSecret, makeVncSecret(), { mode: 0o600 });
}

/** QEMU for a machine that was prepared. @throws LaunchError `QEMU_MISSING` */
export function qemuCommand(
  spec: MachineSpec,
  paths: MachinePaths,
  programs: QemuPrograms | null,
  start: StartParameters,
): Command {
  const program = programs?.qemu[spec.arch];
  if (program === undefined) {
    const text = `This host has no QEMU for ${spec.arch}. Install it with: apt install ${EMULATOR_PACKAGES[spec.arch]}`;
    throw LaunchError.public("QEMU_MISSING", text, {
      details: { arch: spec.arch, package: EMULATOR_PACKAGES[spec.arch] },
    });
  }
  return { program, args: machineArguments(spec, paths, start) };
}

/** The password of the machine's VNC server, as it was made at its last start. */
export async function readVncSecret(paths: MachinePaths): Promise<string> {
  return readFile(paths.vncSecret, "latin1");
}

/** All sockets of a machine that runs no more, also of the processes beside it. */
export async function removeSockets(paths: MachinePaths): Promise<void> {
  const folder = dirname(paths.socketBase);
  const prefix = basename(paths.socketBase);
  const names = await readdir(folder);
  await Promise.all(
    names.filter((name) => name.startsWith(prefix)).map((name) => rm(join(folder, name), { force: true })),
  );
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
