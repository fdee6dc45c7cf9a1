import type { ProcessIdentity } from "../model/process-identity.ts";

/** How a process ended. Of a process that somebody else started nothing is known but that it is gone. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running QEMU, or a process beside one, started by this launcher or by an earlier one. */
export interface WatchedProcess {
  readonly identity: ProcessIdentity;
  /** Settles once, when the process is gone; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Looks whether it is gone: called when QMP closes, so that an exit is seen at once. */
  checkExit(): void;
  /** SIGKILL, after checking that the number still means the same process. */
  kill(): void;
  /** Stops watching; the process lives on. Idempotent. */
  detach(): void;
}
