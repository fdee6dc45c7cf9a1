import { linkSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, isMissing, ConfigError } from "../../protocol/index.ts";
import { identifyProcess, isAlive } from "../system/proc-stat.ts";
import { processIdentity } from "../model/process-identity.ts";

/** Nothing can be written to the folder now. */
const UNWRITABLE: readonly string[] = ["ENOSPC", "EDQUOT", "EROFS"];

/**
 * Ensures that one launcher at a time uses a state folder; the lock of a dead one is taken over. On a full disk the lock
 * is a symbolic link, which needs no block; where not even that can be made, the launcher continues without a lock,
 * because its machines must be looked after.
 * @param onUnwritable called with the system's code where the lock's file could not be written
 * @returns releases the lock
 * @throws ConfigError `STATE_IN_USE`
 */
export function lockStateFolder(
  stateDir: string,
  onUnwritable: (code: string) => void = () => undefined,
): () => void {
  const lock = join(stateDir, ".lock");
  const mine = join(stateDir, `.lock-${process.pid}-${process.hrtime.bigint().toString(36)}`);
  const me = JSON.stringify(identifyProcess(process.pid));
  let place = (): void => {
    // A link is created atomically and never replaces another.
    linkSync(mine, lock);
  };
  try {
    try {
      writeFileSync(mine, me, { mode: 0o600 });
    } catch (error) {
      if (!UNWRITABLE.includes(errorCode(error))) throw error;
      onUnwritable(errorCode(error));
      place = () => {
        symlinkSync(me, lock);
      };
    }
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        place();
        return () => {
          rmSync(lock, { force: true });
        };
      } catch (error) {
        if (isHeld(lock)) break;
        if (UNWRITABLE.includes(errorCode(error))) return () => undefined;
        rmSync(lock, { force: true });
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const text = `Another launcher already looks after ${stateDir}. Stop it first, or use another folder.`;
  throw ConfigError.public("STATE_IN_USE", text);
}

/** A lock that cannot be read counts as held, because it may be. One with other content was left by a crash. */
function isHeld(lock: string): boolean {
  let content: string;
  try {
    content = readLock(lock);
  } catch (error) {
    return !isMissing(error);
  }
  try {
    return isAlive(processIdentity.parse(JSON.parse(content)));
  } catch {
    return false;
  }
}

function readLock(lock: string): string {
  try {
    return readlinkSync(lock);
  } catch (error) {
    // It is no symbolic link.
    if (errorCode(error) !== "EINVAL") throw error;
    return readFileSync(lock, "utf8");
  }
}
