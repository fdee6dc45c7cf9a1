import type { Clock } from "../../protocol/index.ts";
import { isAlive } from "./proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import type { ProcessExit, WatchedProcess } from "./watched-process.ts";

/** How often an adopted process is looked at, in milliseconds: the kernel tells only parents. */
const LOOK_EVERY_MS = 500;

/** Watches a QEMU that an earlier launcher started. */
export function watchProcess(identity: ProcessIdentity, clock: Clock): WatchedProcess {
  let cancel: (() => void) | undefined;
  let letGo = false;
  let settle: (exit: ProcessExit) => void;
  const exited = new Promise<ProcessExit>((resolve) => {
    settle = resolve;
  });
  const look = (): void => {
    cancel?.();
    if (letGo) return;
    if (isAlive(identity)) cancel = clock.after(LOOK_EVERY_MS, look);
    else settle({ code: null, signal: null });
  };
  look();
  return {
    identity,
    exited,
    checkExit: look,
    kill() {
      if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    },
    detach() {
      letGo = true;
      cancel?.();
    },
  };
}
