import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Command } from "./child-process.ts";

/** The limits of a machine, all of QEMU included. */
interface ScopeLimits {
  /** MiB. */
  readonly memoryMb: number;
  /** Processors' worth of time. */
  readonly cpus: number;
}

/** What enforces the limits on this host. */
export type ScopeBackend =
  /** A systemd scope: the machine outlives the launcher's own service, too. */
  | { readonly kind: "systemd"; readonly systemdRun: string; readonly user: boolean }
  /** A folder of the control group file system. */
  | { readonly kind: "cgroup"; readonly folder: string; readonly sh: string }
  | { readonly kind: "none"; readonly why: string };

/** QEMU's own memory beside the guest's, in MiB: code, framebuffer, disk buffers. */
const OVERHEAD_MB = 512;
const PERIOD_US = 100_000;
const UNIFIED = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** Detects the backend. @param roots where the control groups are mounted, for tests */
export function findScopeBackend(
  systemdRun: string | null,
  host: {
    readonly uid: number;
    readonly runtimeDir: string | undefined;
    readonly systemd: boolean;
  } = {
    uid: process.getuid?.() ?? -1,
    runtimeDir: process.env["XDG_RUNTIME_DIR"],
    systemd: existsSync("/run/systemd/system"),
  },
  roots: readonly string[] = UNIFIED,
): ScopeBackend {
  const { uid, runtimeDir, systemd } = host;
  if (systemdRun !== null && systemd) {
    if (uid === 0) return { kind: "systemd", systemdRun, user: false };
    if (runtimeDir !== undefined && existsSync(join(runtimeDir, "systemd", "private")))
      return { kind: "systemd", systemdRun, user: true };
  }
  const folder = uid === 0 && !systemd ? roots.map(prepareFolder).find((made) => made !== null) : undefined;
  if (folder !== undefined && folder !== null) return { kind: "cgroup", folder, sh: "/bin/sh" };
  return {
    kind: "none",
    why: "There is no systemd and no control group of version 2 with memory and cpu that the host may use: QEMU's own memory has no limit.",
  };
}

/** The command that puts itself within the limits and becomes `command`. @param slot short and unique on the host */
export function inScope(command: Command, backend: ScopeBackend, slot: string, limits: ScopeLimits): Command {
  const memory = (limits.memoryMb + OVERHEAD_MB) * 1024 * 1024;
  switch (backend.kind) {
    case "none":
      return command;
    case "systemd": {
      const args = [
        ...[...(backend.user ? ["--user"] : []), "--scope", "--quiet", "--collect", `--unit=postern-${slot}`],
        // Shown in lists of units and in the journal; the default is the whole command line.
        "--description=A machine of Postern",
        ...["-p", `MemoryMax=${memory}`, "-p", `CPUQuota=${limits.cpus * 100}%`],
      ];
      return { program: backend.systemdRun, args: [...args, "--", command.program, ...command.args] };
    }
    case "cgroup": {
      const folder = join(backend.folder, slot);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "memory.max"), String(memory));
      writeFileSync(join(folder, "cpu.max"), `${limits.cpus * PERIOD_US} ${PERIOD_US}`);
      const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
      return { program: backend.sh, args: ["-c", script, folder, command.program, ...command.args] };
    }
  }
}

/** Removes the machine's control group after its end; systemd removes a scope itself. */
export function removeScope(backend: ScopeBackend, slot: string): void {
  if (backend.kind !== "cgroup") return;
  try {
    rmdirSync(join(backend.folder, slot));
  } catch {
    // It was never made, or something still ends in it: it is used again, or goes with the next start of the host.
  }
}

/** A folder for machines with both controllers; null: this file system does not give them. */
function prepareFolder(root: string): string | null {
  try {
    const controllers = readFileSync(join(root, "cgroup.controllers"), "utf8").split(/\s+/);
    if (!["memory", "cpu"].every((name) => controllers.includes(name))) return null;
    accessSync(join(root, "cgroup.subtree_control"), constants.W_OK);
    writeFileSync(join(root, "cgroup.subtree_control"), "+memory +cpu");
    const folder = join(root, "postern");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "cgroup.subtree_control"), "+memory +cpu");
    return folder;
  } catch {
    return null;
  }
}
