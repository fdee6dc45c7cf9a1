import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, TypedEventEmitter } from "../../protocol/index.ts";
import { chooseAccel, HOST_ARCH } from "../accel/choose-accel.ts";
import { recoverMachines } from "./adopt-machines.ts";
import { lockStateFolder } from "./state-folder-lock.ts";
import { machinePaths } from "../model/machine-paths.ts";
import { LocalDiskStore } from "../disks/local-disk-store.ts";
import { Fleet } from "./fleet.ts";
import { GpuAllocator } from "../gpu/gpu-allocator.ts";
import { NO_GPUS } from "../gpu/gpu-policy.ts";
import { IncomingImages } from "../images/transfer/incoming-images.ts";
import { measureFreeBytes } from "../images/transfer/server-image-space.ts";
import { noteStateFolder, type UsedFiles } from "../images/used-files.ts";
import { ImageStore } from "../images/image-store.ts";
import type { Launcher, LauncherEvents, LauncherOptions } from "./launcher.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import { parseException, parseForward, type NetworkPolicy } from "../network/network-policy.ts";
import type { RunAs } from "../system/system-account.ts";
import { grantFiles, prepareAccount } from "../system/account-files.ts";
import { findMissingEmulator, findProgram, findQemuPrograms } from "../system/qemu-programs.ts";
import { QemuAccount } from "../process/qemu-account.ts";
import { findScopeBackend } from "../system/resource-scope.ts";
import { SysTree } from "../system/sys-tree.ts";
import { BootScripts } from "../process/boot-scripts.ts";
import { dataDiskExtension } from "../process/extensions/data-disk-extension.ts";
import { gpuExtension } from "../process/extensions/gpu-extension.ts";
import { NetworkExtension } from "../process/extensions/network-extension.ts";
import { qemuArgumentsExtension } from "../process/extensions/qemu-arguments-extension.ts";
import { resourceLimitsExtension } from "../process/extensions/resource-limits-extension.ts";
import { sharedFoldersExtension } from "../process/extensions/shared-folders-extension.ts";
import { tpmExtension } from "../process/extensions/tpm-extension.ts";
import { ScreenshotWorker } from "../display/screenshot-worker.ts";

/** In the state folder: the GPU allocations. */
const GPU_RECORD = "gpu.json";
/** In the state folder: the data disks. */
const DATA_DISKS = ".data-disks";
/** A Unix socket's path ends at 108 bytes, one of them NUL. */
const MAX_SOCKET_PATH = 107;

/**
 * Opens the state folder, adopts the machines that still run and cleans up after those that do not.
 * @throws ConfigError `CATALOGUE_UNREADABLE`, `CATALOGUE_INVALID`, `STATE_IN_USE`, `RUNTIME_DIR_LONG`,
 *   `NETWORK_EXCEPTION`, `NETWORK_FORWARD`, `ACCOUNT_UNKNOWN`, `ACCOUNT_MISSING`, `ACCOUNT_ROOT`,
 *   `ACCOUNT_PATH`
 */
export async function openLauncher(options: LauncherOptions): Promise<Launcher> {
  const { stateDir, runtimeDir, imagesDir, clock, log } = options;
  const policy = readPolicy(options.networks);
  const images = await ImageStore.open({ folder: imagesDir, catalogueFile: options.catalogueFile });
  const runAs = await prepareFolders(options);
  const unlock = lockStateFolder(stateDir, (code) => {
    log.error(
      { event: "launcher.disk-full", folder: stateDir, code },
      "the machines' disk takes nothing: machines can be stopped and deleted, and their records are written once it does",
    );
  });
  try {
    const screenshotWorker = new ScreenshotWorker();
    const events = new TypedEventEmitter<LauncherEvents>();
    const programs = findQemuPrograms(process.env["PATH"]);
    const qemuImg = programs?.qemuImg ?? null;
    // The probe starts now, so that the first machine need not wait for it.
    const accel = chooseAccel(options.accel, programs, { scratchDir: runtimeDir, clock, log });
    const scopes = findScopeBackend(findProgram("systemd-run", process.env["PATH"]));
    for (const { kind, ...rest } of [runAs, scopes])
      if ("why" in rest) log.warn({ event: "launcher.unprotected", kind }, rest.why);
    const networks = new NetworkExtension(policy, clock, log);
    const gpus = new GpuAllocator({
      tree: new SysTree(),
      policy: options.gpu ?? NO_GPUS,
      recordFile: join(stateDir, GPU_RECORD),
      account: runAs.kind === "account" ? runAs.account : null,
      log,
      clock,
    });
    const diskStore = LocalDiskStore.open(join(stateDir, DATA_DISKS), log);
    const account = new QemuAccount(runAs, imagesDir);
    const context: MachineContext = {
      programs,
      screenshotWorker,
      clock,
      log,
      stopGraceMs: options.stopGraceMs,
      extensions: [
        tpmExtension(programs, runAs, clock),
        sharedFoldersExtension({ allowed: options.allowedShares, programs, runAs, clock }),
        networks,
        dataDiskExtension({ store: diskStore, qemuImg, runAs, clock, log }),
        qemuArgumentsExtension(options.allowQemuArgs ?? false),
        resourceLimitsExtension(scopes),
        // The last one wraps all others: it raises a limit before privileges are dropped.
        gpuExtension(gpus, process.getuid?.() === 0),
      ],
      account,
      scripts: new BootScripts({
        policy: options.bootScripts ?? null,
        stateDir,
        qemuImg,
        customizer: programs?.customizer ?? null,
        account,
        environment: process.env,
      }),
      chooseAccel: (arch) => (arch === HOST_ARCH ? accel : Promise.resolve("tcg")),
      onState(machine) {
        const { id, state, reason } = machine;
        log.info({ event: "machine.state", machine: id, state, reason }, "machine changed state");
        events.emit("state", machine);
      },
      onProgress(machine) {
        events.emit("state", machine);
      },
      onDisplayOpened(machine, display) {
        events.emit("display", { machine, display });
      },
      onDisplayClosed(machine, display) {
        events.emit("displayGone", { machine, display });
      },
    };
    const machines = await recoverMachines(options, context);
    await gpus.releaseOrphans(new Set(machines.filter(({ ended }) => !ended).map(({ spec }) => spec.id)));
    const onClose = async (): Promise<void> => {
      await networks.close();
      await accel;
      await screenshotWorker.close();
      images.close();
      unlock();
    };
    noteStateFolder(imagesDir, stateDir);
    for (const problem of images.problems())
      log.warn({ event: "image.unreadable", problem }, "a file in the images folder is no image");
    images.watch(clock, () => {
      events.emit("images", {});
    });
    const receiveImages = (used: () => UsedFiles): IncomingImages =>
      new IncomingImages({
        store: images,
        maxBytes:
          programs === null ? 0 : (options.limits.serverImagesGb ?? Number.POSITIVE_INFINITY) * 2 ** 30,
        used,
        freeBytes: () => measureFreeBytes(imagesDir),
        findMissingEmulator: (arch) => findMissingEmulator(programs, arch),
        clock,
      });
    const fleet = new Fleet({
      options,
      images,
      context,
      events,
      machines,
      gpus,
      diskStore,
      receiveImages,
      onClose,
    });
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
 * Creates the folders that only the launcher may enter, and grants QEMU's account its way through them.
 * @returns the account that QEMU runs as
 */
async function prepareFolders(options: LauncherOptions): Promise<RunAs> {
  const { stateDir, runtimeDir, imagesDir, vmUser, traversableFolders } = options;
  const longest = Buffer.byteLength(machinePaths(stateDir, runtimeDir, "x").vncSocket);
  if (longest > MAX_SOCKET_PATH) {
    const text = `The runtime folder ${runtimeDir} has too long a path for sockets. Choose a shorter one.`;
    throw new ConfigError("RUNTIME_DIR_LONG", text);
  }
  for (const folder of [stateDir, runtimeDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const runAs = await prepareAccount(vmUser, [stateDir, runtimeDir, imagesDir], traversableFolders);
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
