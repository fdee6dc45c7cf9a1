import { closeSync, openSync } from "node:fs";
import { basename } from "node:path";
import { execa } from "execa";
import { LaunchError } from "../../protocol/index.ts";
import { childEnvironment } from "./child-environment.ts";
import type { Command } from "./command.ts";
import { identifyProcess, isAlive } from "./proc-stat.ts";
import type { ProcessExit, WatchedProcess } from "./watched-process.ts";

/**
 * Starts a program so that it outlives us: a session of its own, its output straight into the log file.
 * @param logFile created with mode 0600, appended to
 * @throws LaunchError `QEMU_START`
 */
export function spawnDetached({ program, args }: Command, logFile: string): WatchedProcess {
  // The type is a fiction: execa takes every descriptor, its types know the first three alone.
  const log = openSync(logFile, "a", 0o600) as 2;
  // The sockets and files that it makes get its umask; the child inherits ours at this moment.
  const umask = process.umask(0o077);
  let subprocess;
  try {
    subprocess = execa(program, args, {
      env: childEnvironment(),
      extendEnv: false,
      detached: true,
      cleanup: false,
      stdin: "ignore",
      stdout: log,
      stderr: log,
      buffer: false,
      reject: false,
    });
  } finally {
    process.umask(umask);
    closeSync(log);
  }
  const exited: Promise<ProcessExit> = subprocess.then((result) => ({
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
  }));
  // Until its end is collected a child stays in /proc, as a zombie at worst: the start time can be read.
  const identity = subprocess.pid === undefined ? null : identifyProcess(subprocess.pid);
  if (identity === null) {
    throw new LaunchError("QEMU_START", `${program} could not be started`, {
      safeMessage: `${basename(program)} could not be started on this host.`,
      details: { program: basename(program) },
    });
  }
  return {
    identity,
    exited,
    checkExit() {
      // The kernel tells a parent by itself.
    },
    kill() {
      if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    },
    detach() {
      subprocess.nodeChildProcess.unref();
    },
  };
}
