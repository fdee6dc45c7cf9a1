import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import type { CleanupStack } from "./cleanup-stack.ts";

/** A TCP forwarder on 127.0.0.1 that keeps every byte, so that a test can search for what must not be there. */
export interface TcpRecorder {
  readonly port: number;
  /** How many connections there were. */
  readonly connections: number;
  /** All bytes so far that went to the server, in the order of arrival. */
  sent(): Buffer;
  /** All bytes so far that came from the server. */
  received(): Buffer;
  /** Cuts all connections that are open; new ones are still taken. */
  cut(): void;
  stop(): Promise<void>;
}

/** @param target where each connection goes: `{ port }` on 127.0.0.1, or `{ path }` of a Unix socket. */
export async function startTcpRecorder(cleanup: CleanupStack, target: NetConnectOpts): Promise<TcpRecorder> {
  const sent: Buffer[] = [];
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    connections += 1;
    const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        // After a clean end the other direction may still have something to say.
        if (!socket.readableEnded) other.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => sent.push(chunk));
    upstream.on("data", (chunk: Buffer) => received.push(chunk));
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return cleanup.add({
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    sent: () => Buffer.concat(sent),
    received: () => Buffer.concat(received),
    cut,
    stop: async () => {
      cut();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  });
}
