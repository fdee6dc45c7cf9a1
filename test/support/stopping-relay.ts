import { connect, createServer, type Socket } from "node:net";
import type { CleanupStack } from "./cleanup-stack.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

export interface StoppingRelay {
  readonly port: number;
  /** From now on no byte passes, and nobody is told: as in a network that is cut. */
  cut(): void;
  /** What waited passes, and all that follows. */
  mend(): void;
}

/** A TCP relay on loopback to a port, whose line can be cut without a close. */
export async function startStoppingRelay(cleanup: CleanupStack, target: number): Promise<StoppingRelay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on("error", () => undefined);
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on("data", (chunk: Buffer) => to.write(chunk));
    if (isCut) from.pause();
  };
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    join(near, far);
    join(far, near);
  });
  return {
    port: await listenOnLoopback(cleanup, server, sockets),
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
  };
}
