import type { AddressInfo, Server, Socket } from "node:net";
import type { CleanupStack } from "./cleanup-stack.ts";

/** Listens on a free port of 127.0.0.1. At the end the sockets of the set are destroyed, and the server is closed. */
export async function listenOnLoopback(
  cleanup: CleanupStack,
  server: Server,
  sockets: ReadonlySet<Socket>,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as AddressInfo).port;
}
