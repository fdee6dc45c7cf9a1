import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type Architecture, type Accel } from "../../protocol/index.ts";
import { probeAccel } from "../accel/probe-accel.ts";
import { examineLeftMachine } from "./recovery.ts";
import { lockStateFolder } from "./state-folder-lock.ts";
import { MACHINE_FILES, machinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { machineSpec } from "../model/machine-spec.ts";
import { readMachineState } from "../machine/machine-state-store.ts";
import { readJsonFile, replaceJsonFile } from "../system/json-file.ts";
import { snapshotNodes } from "../model/snapshot-nodes.ts";
import { dataDiskExtension } from "../process/extensions/data-disk-extension.ts";
import { LocalDiskStore } from "../disks/local-disk-store.ts";
import { LauncherEventEmitter } from "./launcher-event-emitter.ts";
import { Fleet } from "./fleet.ts";
import { describeMachineImage, type ImageRegistry } from "./image-registry.ts";
import { gpuExtension } from "../process/extensions/gpu-extension.ts";
import { GpuAllocator } from "../gpu/gpu-allocator.ts";
import { NO_GPUS } from "../gpu/gpu-policy.ts";
import { SysTree } from "../system/sys-tree.ts";
import { IncomingImages } from "../images/transfer/incoming-images.ts";
import { measureFreeBytes } from "../images/transfer/server-image-space.ts";
import { ImageStore } from "../images/image-store.ts";
import type { Launcher, LauncherOptions } from "./launcher.ts";
import { ManagedMachine } from "../machine/managed-machine.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import type { StateReason } from "../model/lifecycle.ts";
import { cleanUpMachine } from "../machine/clean-up.ts";
import { NetworkExtension } from "../process/extensions/network-extension.ts";
import { parseException, parseForward, type NetworkPolicy } from "../network/network-policy.ts";
import type { RunAs } from "../system/system-account.ts";
import { grantFiles, prepareAccount } from "../system/account-files.ts";
import { repairLeaks } from "../disks/machine-disks.ts";
import {
  findMissingEmulator,
  findProgram,
  findQemuPrograms,
  type QemuPrograms,
} from "../system/qemu-programs.ts";
import { QemuAccount } from "../process/qemu-account.ts";
import { findScopeBackend } from "../system/resource-scope.ts";
import { resourceLimitsExtension } from "../process/extensions/resource-limits-extension.ts";
import { sharedFoldersExtension } from "../process/extensions/shared-folders-extension.ts";
import { tpmExtension } from "../process/extensions/tpm-extension.ts";
import { BootScripts } from "../process/boot-scripts.ts";
import { ImageScaler } from "../display/image-scaler.ts";

const HOST_ARCH: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
/** In the state folder: which GPUs were taken from whom. */
const GPU_RECORD = "gpu.json";
/** In the state folder: people's data disks. */
const DATA_DISKS = ".data-disks";
/** A Unix socket's path ends at 108 bytes, one of them NUL. */
const MAX_SOCKET_PATH = 107;

/**
 * Opens the state folder, adopts machines that still run and cleans up after those that do not.
 * @throws ConfigError `CATALOGUE_UNREADABLE`, `CATALOGUE_INVALID`, `STATE_IN_USE`, `RUNTIME_DIR_LONG`,
 *   `NETWORK_EXCEPTION`, `NETWORK_FORWARD`, `ACCOUNT_UNKNOWN`, `ACCOUNT_ROOT`, `ACCOUNT_PATH`
 */
export async function openLauncher(options: LauncherOptions): Promise<Launcher> {
  const { stateDir, clock, log } = options;
  const { catalogueFile, imagesDir } = options;
  const policy = readPolicy(options.networks);
  const images = await ImageStore.open({ folder: imagesDir, catalogueFile });
  const runAs = await prepareFolders(options);
  const unlock = lockStateFolder(stateDir);
  try {
    const darkroom = new ImageScaler();
    const announcer = new LauncherEventEmitter();
    const programs = findQemuPrograms(process.env["PATH"]);
    const accel = chooseAccel(options, programs);
    const keeper = findScopeBackend(findProgram("systemd-run", process.env["PATH"]));
    for (const { kind, ...rest } of [runAs, keeper])
      if ("why" in rest) log.warn({ event: "launcher.unprotected", kind }, rest.why);
    const networks = new NetworkExtension(policy, clock, log);
    const gpus = new GpuAllocator({
      ...{ tree: new SysTree(), policy: options.gpu ?? NO_GPUS, recordFile: join(stateDir, GPU_RECORD) },
      ...{ account: runAs.kind === "account" ? runAs.account : null, log, clock },
    });
    const shelf = LocalDiskStore.open(join(stateDir, DATA_DISKS), log);
    const account = new QemuAccount(runAs, imagesDir);
    const around: MachineContext = {
      ...{ programs, imageScaler: darkroom, clock, log, stopGraceMs: options.stopGraceMs },
      outfitters: [
        tpmExtension(programs, runAs, clock),
        sharedFoldersExtension(options.allowedShares, programs, runAs, clock),
        networks,
        dataDiskExtension({ store: shelf, qemuImg: programs?.qemuImg ?? null, runAs, clock, log }),
        resourceLimitsExtension(keeper),
        // The last one goes around all others: it raises a limit before rights are dropped.
        gpuExtension(gpus, process.getuid?.() === 0),
      ],
      account,
      scripts: new BootScripts({
        ...{ policy: options.bootScripts ?? null, stateDir, account, environment: process.env },
        ...{ qemuImg: programs?.qemuImg ?? null, customizer: programs?.customizer ?? null },
      }),
      chooseAccel: (arch) => (arch === HOST_ARCH ? accel : Promise.resolve("tcg")),
      onState(machine) {
        const { id, state, reason } = machine.status;
        log.info({ event: "machine.state", machine: id, state, reason }, "machine changed state");
        announcer.emit("state", machine.status);
      },
      onProgress(machine) {
        announcer.emit("state", machine.status);
      },
      onDisplaysOpened(machine) {
        for (const screen of machine.displayWatcher.displays)
          announcer.emit("screen", { machine: machine.status, screen });
      },
      onDisplayClosed(machine, screen) {
        announcer.emit("screenGone", { machine: machine.status, screen });
      },
    };
    const machines = await recoverMachines(options, around);
    await gpus.releaseOrphans(new Set(machines.filter(({ ended }) => !ended).map(({ spec }) => spec.id)));
    const onClose = async (): Promise<void> => {
      await networks.close();
      await accel;
      await darkroom.close();
      images.close();
      unlock();
    };
    for (const problem of images.problems())
      log.warn({ event: "image.unreadable", problem }, "a file in the images folder is no image");
    images.watch(clock, () => {
      announcer.emit("images", {});
    });
    const registry: ImageRegistry = {
      entries: () => images.entries(),
      registerImage: (image) =>
        images.registerImage(image.id, image.file, (file) => describeMachineImage(image, file)),
    };
    const arrive = (used: () => ReadonlySet<string>): IncomingImages => {
      const limitGb = options.limits.serverImagesGb ?? Number.POSITIVE_INFINITY;
      const maxBytes = programs === null ? 0 : limitGb * 2 ** 30;
      const freeBytes = (): number => measureFreeBytes(imagesDir);
      const findLack = (arch: Architecture): string | null => findMissingEmulator(programs, arch);
      return new IncomingImages({
        store: images,
        maxBytes,
        used,
        freeBytes,
        findMissingEmulator: findLack,
        clock,
      });
    };
    const fleet = new Fleet({ options, registry, around, announcer, machines, gpus, shelf, arrive, onClose });
    await fleet.incomingImages.purge();
    return fleet;
  } catch (error) {
    unlock();
    throw error;
  }
}

/** @throws ConfigError `NETWORK_EXCEPTION`, `NETWORK_FORWARD` */
function readPolicy({ allow, forward }: LauncherOptions["networks"]): NetworkPolicy {
  return { exceptions: allow.map(parseException), forwards: forward.map(parseForward) };
}

/**
 * Folders that only we may enter, and the account that QEMU runs as: it comes to what is its own in there.
 * @returns as whom it runs
 */
async function prepareFolders(options: LauncherOptions): Promise<RunAs> {
  const { stateDir, runtimeDir, imagesDir, vmUser, traversableFolders: passages } = options;
  const longest = Buffer.byteLength(machinePaths(stateDir, runtimeDir, "x").vncSocket);
  if (longest > MAX_SOCKET_PATH) {
    const text = `The runtime folder ${runtimeDir} has too long a path for sockets. Choose a shorter one.`;
    throw new ConfigError("RUNTIME_DIR_LONG", text);
  }
  for (const folder of [stateDir, runtimeDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const runAs = await prepareAccount(vmUser, [stateDir, runtimeDir, imagesDir], passages);
  if (runAs.kind === "account")
    await grantFiles(runAs, {
      traversableFolders: [stateDir],
      socketFolder: runtimeDir,
      written: [],
      read: [],
    });
  else for (const folder of [stateDir, runtimeDir]) await chmod(folder, 0o700);
  return runAs;
}

/** Starts the probe at once, so that the first machine need not wait for it. Never rejects. */
async function chooseAccel(options: LauncherOptions, programs: QemuPrograms | null): Promise<Accel> {
  if (options.accel !== "auto") return options.accel;
  const qemu = programs?.qemu[HOST_ARCH];
  // The probe's guest is one for PCs.
  if (qemu === undefined || HOST_ARCH !== "x86_64") return "tcg";
  const { log, runtimeDir, clock } = options;
  try {
    const verdict = await probeAccel(qemu, runtimeDir, clock);
    log.info({ event: "launcher.accel", accel: verdict.accel, why: verdict.why }, "acceleration chosen");
    return verdict.accel;
  } catch (error) {
    log.warn({ event: "launcher.accel", accel: "tcg", err: error }, "acceleration could not be probed");
    return "tcg";
  }
}

async function recoverMachines(options: LauncherOptions, around: MachineContext): Promise<ManagedMachine[]> {
  const entries = await readdir(options.stateDir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  const machines = await Promise.all(folders.map((folder) => recoverMachine(options, around, folder.name)));
  return machines.filter((machine) => machine !== null);
}

/** Null: the folder held no machine, or half of one, and is gone now. */
async function recoverMachine(
  options: LauncherOptions,
  around: MachineContext,
  id: string,
): Promise<ManagedMachine | null> {
  const paths = machinePaths(options.stateDir, options.runtimeDir, id);
  const spec = readJsonFile(paths.spec, machineSpec);
  const record = readMachineState(paths.state);
  if (spec === null || record === null) {
    if (!(await isMachineFolder(paths.dir))) {
      around.log.warn(
        { event: "machine.foreign-folder", folder: id },
        "a folder that is no machine was left alone",
      );
      return null;
    }
    around.log.warn({ event: "machine.half-made", machine: id }, "a half-made machine was removed");
    await rm(paths.dir, { recursive: true, force: true });
    return null;
  }
  const finding = examineLeftMachine(record, paths);
  if (finding.kind === "alive") {
    const machine = new ManagedMachine(spec, paths, record, around);
    await machine.adopt(finding.process);
    around.log.info(
      { event: "machine.adopted", machine: id, state: machine.status.state },
      "machine adopted",
    );
    return machine;
  }
  const ended = { ...markEnded(record, finding, options.clock.now()), companions: [] };
  await cleanUpMachine(spec, paths, record, around);
  if (finding.state === "failed" && record.state !== "failed" && around.programs !== null)
    await repairLeaks(around.programs.qemuImg, snapshotNodes(spec, paths));
  replaceJsonFile(paths.state, ended);
  return new ManagedMachine(spec, paths, ended, around);
}

/** Whether a folder holds nothing but what a machine's folder may hold. */
async function isMachineFolder(dir: string): Promise<boolean> {
  return (await readdir(dir)).every((name) => MACHINE_FILES.includes(name.replace(/\.new$/, "")));
}

function markEnded(
  record: MachineStateFile,
  finding: { readonly state: "stopped" | "failed" } & Partial<StateReason>,
  now: number,
): MachineStateFile {
  if (record.state === finding.state) return record;
  const { process: _gone, ...rest } = record;
  return { ...rest, state: finding.state, reason: finding.reason, cause: finding.cause, since: now };
}
