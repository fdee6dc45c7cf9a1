import { randomInt } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LaunchError } from "../../protocol/index.ts";
import { machineArguments, type StartParameters } from "../argv/machine-arguments.ts";
import { checkBase } from "../disks/base-record.ts";
import { ensureMachineDisks } from "../disks/machine-disks.ts";
import { inspectImage } from "../images/inspect-image.ts";
import type { StateReason } from "../model/lifecycle.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { Command } from "../system/child-process.ts";
import { EMULATOR_PACKAGES, type QemuPrograms } from "../system/qemu-programs.ts";
import type { BootScripts, ScriptStartContext } from "./boot-scripts.ts";
import type { LaunchContribution, LaunchExtension } from "./launch-extension.ts";
import type { QemuAccount } from "./qemu-account.ts";

const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** What all starts on a host have in common. */
export interface LaunchContext {
  readonly programs: QemuPrograms | null;
  /** In the order in which they add to a start: the first is the nearest to QEMU. */
  readonly extensions: readonly LaunchExtension[];
  /** The account that QEMU runs as. */
  readonly account: QemuAccount;
  readonly scripts: BootScripts;
}

interface LaunchedMachine {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
}

export interface PreparedStart {
  readonly parameters: Omit<StartParameters, "halted">;
  readonly wrap: (command: Command) => Command;
  /** What the machine has to do without. */
  readonly remark: StateReason | undefined;
}

/** Everything before QEMU: boot scripts, disks, VNC password, and what the extensions add. @throws LaunchError */
export async function prepareStart(
  { spec, paths }: LaunchedMachine,
  { programs, extensions, account, scripts }: LaunchContext,
  start: ScriptStartContext,
): Promise<PreparedStart> {
  if (programs === null) throw new LaunchError("QEMU_MISSING", "QEMU is not installed");
  await checkImage(spec);
  await checkBase(spec, paths);
  const { base, contribution } = await scripts.prepare(spec, paths, start);
  await ensureMachineDisks(programs.qemuImg, spec, paths, base);
  await removeSockets(paths);
  await writeFile(paths.vncSecret, makeVncSecret(), { mode: 0o600 });
  const contributions: LaunchContribution[] = [];
  for (const extension of extensions)
    contributions.push(await extension.prepare(spec, paths, start.registerHelper));
  // The drives of boot scripts come after all others.
  contributions.push(contribution);
  // The files last: each extension has made its own by now.
  await account.grantMachineFiles(spec, paths, {
    read: contributions.flatMap(({ read = [] }) => read),
    written: contributions.flatMap(({ written = [] }) => written),
    traversableFolders: contributions.flatMap(({ traversableFolders = [] }) => traversableFolders),
  });
  return {
    parameters: {
      accel: start.accel,
      customized: base,
      additions: contributions.flatMap(({ arguments: added = [] }) => added),
    },
    remark: contributions.find(({ remark }) => remark !== undefined)?.remark,
    wrap: (command) =>
      contributions.reduce((inner, { wrap }) => wrap?.(inner) ?? inner, account.wrapCommand(command)),
  };
}

/** Inspects a machine's image before each start: it may have changed since. @throws LaunchError `IMAGE_UNAVAILABLE` */
async function checkImage(spec: MachineSpec): Promise<void> {
  const fault = await inspectImage(spec);
  if (fault === null) return;
  throw new LaunchError("IMAGE_UNAVAILABLE", `image ${spec.image}: ${JSON.stringify(fault)}`, {
    safeMessage:
      fault.kind === "missing"
        ? "The image's file is missing on this host."
        : `The image cannot be used: ${fault.why}.`,
    details: fault.kind === "missing" ? {} : { why: fault.why },
  });
}

/** QEMU's command line for a prepared machine. @throws LaunchError `QEMU_MISSING` */
export function qemuCommand(
  { spec, paths }: LaunchedMachine,
  programs: QemuPrograms | null,
  parameters: StartParameters,
): Command {
  const program = programs?.qemu[spec.arch];
  if (program === undefined) {
    const text = `This host has no QEMU for ${spec.arch}. Install it with: apt install ${EMULATOR_PACKAGES[spec.arch]}`;
    throw LaunchError.public("QEMU_MISSING", text, {
      details: { arch: spec.arch, package: EMULATOR_PACKAGES[spec.arch] },
    });
  }
  return { program, args: machineArguments(spec, paths, parameters) };
}

/** The password of the machine's VNC server, made at its last start. */
export async function readVncSecret(paths: MachinePaths): Promise<string> {
  return readFile(paths.vncSecret, "latin1");
}

/** Removes all sockets of a machine that does not run, also those of its helper processes. */
export async function removeSockets(paths: MachinePaths): Promise<void> {
  const folder = dirname(paths.socketBase);
  const prefix = basename(paths.socketBase);
  const names = await readdir(folder);
  await Promise.all(
    names.filter((name) => name.startsWith(prefix)).map((name) => rm(join(folder, name), { force: true })),
  );
}

/** Eight characters: the maximum of VNC Authentication. */
function makeVncSecret(): string {
  return Array.from({ length: 8 }, () => SECRET_ALPHABET.charAt(randomInt(SECRET_ALPHABET.length))).join("");
}
