import { existsSync } from "node:fs";
import type { Clock } from "../../protocol/index.ts";
import { delay } from "./delay.ts";
import { isAlive } from "./proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** Waits until a process has made its socket; false: it ended before, or took too long. */
export async function awaitSocket(path: string, process: ProcessIdentity, clock: Clock): Promise<boolean> {
  const begun = clock.monotonic();
  while (!existsSync(path)) {
    if (!isAlive(process) || clock.monotonic() - begun >= PATIENCE_MS) return false;
    await delay(LOOK_EVERY_MS, clock);
  }
  return true;
}
