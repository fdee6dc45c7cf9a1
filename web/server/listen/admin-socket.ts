import { chmod, unlink } from "node:fs/promises";
import type http from "node:http";
import net from "node:net";
import { TLSSocket } from "node:tls";
import type { FastifyInstance } from "fastify";
import { ConfigError } from "../../../protocol/index.ts";

/** A Unix socket's path ends at 108 bytes, the closing zero included. */
const MAX_PATH_BYTES = 107;

/**
 * Listens on the administrator's Unix socket, which only this process's user can open (0600).
 * A socket file that a killed server left behind is replaced.
 * @throws ConfigError `ADMIN_SOCKET_PATH`, `ADMIN_SOCKET_IN_USE`
 */
export async function listenOnAdminSocket(app: FastifyInstance, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    const safeMessage = `The path of the administrator's socket is longer than ${MAX_PATH_BYTES} bytes: ${path}. Choose a shorter folder.`;
    throw ConfigError.public("ADMIN_SOCKET_PATH", safeMessage);
  }
  await removeStaleSocket(path);
  await app.ready();
  const umask = process.umask(0o077);
  try {
    await app.listen({ path });
  } finally {
    process.umask(umask);
  }
  await chmod(path, 0o600);
}

/**
 * Whether a connection was accepted on the Unix socket: then the caller is the administrator.
 * The http server itself listens nowhere else. Node keeps the accepting server in `_server`; `server` cannot be used,
 * since http also sets it for connections that the proxy accepted and handed over. Without `_server`: false.
 */
export function isAdminConnection(server: http.Server, socket: net.Socket): boolean {
  if (socket instanceof TLSSocket || socket.remoteAddress !== undefined) return false;
  return (socket as { _server?: unknown })._server === server;
}

async function removeStaleSocket(path: string): Promise<void> {
  if (await isAnswered(path)) {
    const safeMessage = `Another server uses ${path}. Stop it first, or give this one its own data folder.`;
    throw ConfigError.public("ADMIN_SOCKET_IN_USE", safeMessage);
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => {
      resolve(false);
    });
  });
}
