import type { ProcessIdentity } from "../model/process-identity.ts";
import { closeSync, openSync, existsSync } from "node:fs";
import { basename } from "node:path";
import { execa } from "execa";
import { LaunchError, type Clock } from "../../protocol/index.ts";
import { identifyProcess, isAlive } from "./proc-stat.ts";
import { delay } from "./delay.ts";

/** A command: a program, by its full path where that matters, and its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** How a process ended; both null for a process that another launcher started. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running QEMU or helper process, started by this launcher or by an earlier one. */
export interface WatchedProcess {
  readonly identity: ProcessIdentity;
  /** Resolves once, when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Checks whether it has ended: called when QMP closes, so that an exit is noticed at once. */
  checkExit(): void;
  /** SIGKILL, after checking that the number still means the same process. */
  kill(): void;
  /** Stops watching; the process lives on. Idempotent. */
  detach(): void;
}

/** What child processes need: where programs and their files are, and the language of messages. */
const PASSED = new Set([
  ...["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"],
  // Where systemd-run finds the account's own systemd.
  "XDG_RUNTIME_DIR",
]);

/**
 * The environment for children, without the secrets of this process: join secrets, passwords of databases and proxies.
 * With execa, use `extendEnv: false` too.
 */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(own).filter(([name]) => PASSED.has(name) || name.startsWith("LC_")),
  );
}

/**
 * Starts a program so that it outlives this process: in a session of its own, its output straight into the log file.
 * @param logFile created with mode 0600, appended to
 * @throws LaunchError `QEMU_START`
 */
export function spawnDetached({ program, args }: Command, logFile: string): WatchedProcess {
  // A cast: execa takes every descriptor, its types know only the first three.
  const log = openSync(logFile, "a", 0o600) as 2;
  // The child inherits the umask at this moment, and its sockets and files get it.
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
  // Until it is reaped a child stays in /proc, as a zombie at worst: the start time can be read.
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

/** How often an adopted process is polled, in milliseconds: the kernel notifies only the parent. */
const EXIT_POLL_MS = 500;

/** Watches a QEMU that an earlier launcher started. */
export function watchProcess(identity: ProcessIdentity, clock: Clock): WatchedProcess {
  let cancel: (() => void) | undefined;
  let detached = false;
  let settle: (exit: ProcessExit) => void;
  const exited = new Promise<ProcessExit>((resolve) => {
    settle = resolve;
  });
  const poll = (): void => {
    cancel?.();
    if (detached) return;
    if (isAlive(identity)) cancel = clock.after(EXIT_POLL_MS, poll);
    else settle({ code: null, signal: null });
  };
  poll();
  return {
    identity,
    exited,
    checkExit: poll,
    kill() {
      if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    },
    detach() {
      detached = true;
      cancel?.();
    },
  };
}

const SOCKET_TIMEOUT_MS = 10_000;
const SOCKET_POLL_MS = 20;

/** Waits until a process has made its socket; false: it ended before, or took too long. */
export async function awaitSocket(path: string, process: ProcessIdentity, clock: Clock): Promise<boolean> {
  const begun = clock.monotonic();
  while (!existsSync(path)) {
    if (!isAlive(process) || clock.monotonic() - begun >= SOCKET_TIMEOUT_MS) return false;
    await delay(SOCKET_POLL_MS, clock);
  }
  return true;
}
