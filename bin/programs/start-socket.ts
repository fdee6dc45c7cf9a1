import { existsSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { locateRuntimeDir } from "./data-dirs.ts";

const START_SOCKET = "start.sock";

/** Whether a program listens on a Unix socket. One that does not answer is left over from a crash. */
export async function isAnswered(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  return new Promise((settle) => {
    const probe = connect(path, () => {
      probe.destroy();
      settle(true);
    });
    probe.on("error", () => {
      settle(false);
    });
  });
}

/**
 * Answers on a socket of its own as long as a server starts: others learn that there is one, though nothing can be asked of it
 * yet. Nothing goes over it.
 * @returns ends that
 */
export async function answerWhileStarting(runtimeDir: string): Promise<() => Promise<void>> {
  const path = join(runtimeDir, START_SOCKET);
  await unlink(path).catch(() => undefined);
  const server = createServer((socket) => socket.on("error", () => undefined).destroy());
  const listens = await new Promise<boolean>((settle) => {
    // Only a message depends on it: whatever is wrong with the folder, the server itself says.
    server.once("error", () => {
      settle(false);
    });
    server.listen({ path }, () => {
      settle(true);
    });
  });
  return () =>
    new Promise((settle) => {
      if (!listens) settle();
      else
        server.close(() => {
          settle();
        });
    });
}

/** Whether a server on this data folder is about to be there. */
export function isServerStarting(dataDir: string): Promise<boolean> {
  return isAnswered(join(locateRuntimeDir(resolve(dataDir)).path, START_SOCKET));
}
