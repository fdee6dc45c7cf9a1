import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../protocol/index.ts";
import { identifyProcess, isAlive } from "../system/proc-stat.ts";
import { processIdentity } from "../model/process-identity.ts";

/**
 * Ensures that one launcher at a time uses a state folder; the lock of a dead one is taken over.
 * @returns releases the lock
 * @throws ConfigError `STATE_IN_USE`
 */
export function lockStateFolder(stateDir: string): () => void {
  const lock = join(stateDir, ".lock");
  const mine = join(stateDir, `.lock-${process.pid}-${process.hrtime.bigint().toString(36)}`);
  writeFileSync(mine, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        // A link is created atomically and never replaces another.
        linkSync(mine, lock);
        return () => {
          rmSync(lock, { force: true });
        };
      } catch {
        if (isHeld(lock)) break;
        rmSync(lock, { force: true });
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const text = `Another launcher already looks after ${stateDir}. Stop it first, or use another folder.`;
  throw ConfigError.public("STATE_IN_USE", text);
}

function isHeld(lock: string): boolean {
  try {
    return isAlive(processIdentity.parse(JSON.parse(readFileSync(lock, "utf8"))));
  } catch {
    return false;
  }
}
