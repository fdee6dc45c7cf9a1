import type { Accel, BootSource } from "../../../protocol/index.ts";
import { createHash } from "node:crypto";
import { link, mkdir, mkdtemp, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { type RunAs, runAsAccount } from "../../system/system-account.ts";
import { grantTraversal } from "../../system/account-files.ts";
import { describeFailure, runQemuImg } from "../../images/qemu-img.ts";
import type { DiskChange } from "../plan-scripts.ts";
import { scriptError } from "../script-error.ts";
import { syncFile } from "../../system/file-pieces.ts";
import { pruneCustomizedDisks } from "./customized-disk-cache.ts";
import { giveWorkFolder, readHeaderReferences, takeBackDisk } from "./work-folder-ownership.ts";
import type { AbortableQueue } from "./abortable-queue.ts";

/** Starting libguestfs's appliance by emulation and running a script takes minutes. */
const CUSTOMIZE_MS = 900_000;

export interface Customizer {
  /** virt-customize; null: it is not installed. */
  readonly program: string | null;
  readonly qemuImg: string;
  readonly accel: Accel;
  /** Whether the appliance may reach the network, and with it whatever this host reaches. */
  readonly network: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** As whom it runs: the content of an image is untrusted. */
  readonly runAs: RunAs;
  /** One appliance at a time on this host. */
  readonly queue: AbortableQueue;
  /** Called before it begins: it takes minutes. */
  readonly onBegin: () => void;
  /** Called with its process id, so that it ends with the machine even if the launcher does not end it. */
  readonly onProcess: (pid: number) => void;
  readonly signal: AbortSignal;
}

type Disk = Extract<BootSource, { kind: "disk" }>;

/**
 * Makes a qcow2 file over `base` with the changes in it, at `target`.
 * @param cache a folder on the same file system that keeps it for the next machine; null: it is for this machine only
 * @throws LaunchError `SCRIPT_CUSTOMIZER`, `SCRIPT_FAILED`
 */
export async function customizeDisk(
  base: Disk,
  changes: readonly DiskChange[],
  target: string,
  cache: string | null,
  customizer: Customizer,
): Promise<void> {
  const { queue, signal } = customizer;
  if (cache === null) {
    customizer.onBegin();
    await queue.run(signal, () => makeCustomizedDisk(base, changes, target, customizer));
    return;
  }
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const kept = join(cache, `${await fingerprint(base, changes, customizer.network)}.qcow2`);
  if (!(await exists(kept))) {
    customizer.onBegin();
    await queue.run(signal, async () => {
      // The entry before may have made the same disk.
      if (!(await exists(kept))) await makeCustomizedDisk(base, changes, kept, customizer);
    });
  }
  // A hard link: the cache may delete its own name.
  await rm(target, { force: true });
  await link(kept, target);
  const now = new Date();
  await utimes(kept, now, now);
  await pruneCustomizedDisks(cache, kept);
}

/** A digest of the base and the changes. */
async function fingerprint(base: Disk, changes: readonly DiskChange[], network: boolean): Promise<string> {
  const { size, mtimeMs, ino, dev } = await stat(base.file);
  const what = [base.file, base.format, size, mtimeMs, ino, dev, network, changes];
  return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}

async function makeCustomizedDisk(
  base: Disk,
  changes: readonly DiskChange[],
  target: string,
  customizer: Customizer,
): Promise<void> {
  const { qemuImg, runAs, signal } = customizer;
  const program = checkCustomizer(customizer.program);
  const folder = await mkdtemp(`${target}.`);
  try {
    const disk = join(folder, "disk.qcow2");
    const create = ["create", "-q", "-f", "qcow2", "-F", base.format, "-b", base.file, disk];
    const made = await runQemuImg({ program: qemuImg, args: create }, { signal });
    if (made.failed) throw failure("qemu-img", describeFailure(made), folder);
    const args = [
      "--quiet",
      "--format",
      "qcow2",
      "--add",
      disk,
      customizer.network ? "--network" : "--no-network",
    ];
    const commands = join(folder, "commands");
    await writeFile(commands, await writeCommands(changes, folder), { mode: 0o600 });
    const links = await readHeaderReferences(disk);
    await grantTraversal(runAs, [dirname(dirname(target)), dirname(target)]);
    if (runAs.kind === "account") await giveWorkFolder(folder, runAs.account);
    const command = runAsAccount({ program, args: [...args, "--commands-from-file", commands] }, runAs);
    const running = execa(command.program, command.args, {
      reject: false,
      stdin: "ignore",
      timeout: CUSTOMIZE_MS,
      cancelSignal: signal,
      extendEnv: false,
      cwd: folder,
      env: applianceEnvironment(customizer, folder),
    });
    if (running.pid !== undefined) customizer.onProcess(running.pid);
    const result = await running;
    if (result.failed) throw failure("virt-customize", describeEnd(result), folder);
    await takeBackDisk(runAs, folder, disk, links);
    await syncFile(disk);
    await rename(disk, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws LaunchError `SCRIPT_CUSTOMIZER` */
export function checkCustomizer(program: string | null): string {
  if (program !== null) return program;
  const text =
    "This host has no virt-customize, which this boot script needs. Install it with: apt install libguestfs-tools linux-image-cloud-amd64";
  throw scriptError("SCRIPT_CUSTOMIZER", text);
}

/** The file of commands: secrets in it do not appear in lists of processes. */
async function writeCommands(changes: readonly DiskChange[], folder: string): Promise<string> {
  const lines: string[] = [];
  for (const [index, change] of changes.entries()) {
    if (change.kind === "command") {
      lines.push(change.line);
      continue;
    }
    // Relative: the guest sees this name.
    const name = `firstboot-${String(index + 1).padStart(2, "0")}`;
    await writeFile(join(folder, name), change.script, { mode: 0o700 });
    lines.push(`firstboot ${name}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Only what libguestfs needs, so that no other variable changes its behaviour. */
export function applianceEnvironment(
  { accel, environment, runAs }: Pick<Customizer, "accel" | "environment" | "runAs">,
  folder: string,
): Record<string, string> {
  return {
    PATH: environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: folder,
    TMPDIR: folder,
    LC_ALL: "C.UTF-8",
    LIBGUESTFS_BACKEND: "direct",
    ...(accel === "tcg" && { LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" }),
    // supermin unpacks the appliance by tar, which as root gives files their owners: that right is dropped.
    ...(runAs.kind === "root" && { TAR_OPTIONS: "--no-same-owner" }),
  };
}

function describeEnd(end: {
  readonly stderr?: string | undefined;
  readonly shortMessage?: string | undefined;
}): string {
  return end.stderr === undefined || end.stderr === "" ? (end.shortMessage ?? "") : end.stderr;
}

function failure(program: string, words: string, folder: string): Error {
  const lines = words.replaceAll(folder, "…").trim().split("\n");
  const line = lines.find((candidate) => candidate.includes("error:")) ?? lines.at(-1) ?? "";
  // supermin's own words are in the debug output alone.
  const hint = words.includes("supermin exited") ? " `postern doctor` on this host finds out why." : "";
  const text = `${program} could not apply the boot script: ${line.slice(0, 300)}${hint}`;
  return scriptError("SCRIPT_FAILED", text, new Error(words));
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
