import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ByteReader } from "./byte-reader.ts";
import { type TestVncClient, serveTestDesktop } from "./test-vnc-desktop.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import type { RgbColour } from "./bitmap.ts";

/** One security type: says and hears what belongs to it, up to SecurityResult; false refuses the viewer. */
export interface TestVncSecurity {
  readonly type: number;
  authenticate(client: TestVncClient): Promise<boolean>;
  /** Sent right behind ServerInit. */
  readonly afterServerInit?: Buffer;
}

export interface TestVncServer {
  readonly port: number;
  /** What follows `--desktop NAME=`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

const REFUSAL_REASON = "REASON-CANARY of host.example";

/**
 * A VNC server of our own, for security types that no server of Debian has. It shares no code with the product, and shows
 * upright bars of these colours, all of one width.
 */
export async function startTestVncServer(
  cleanup: CleanupStack,
  securities: readonly TestVncSecurity[],
  bars: readonly RgbColour[],
): Promise<TestVncServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, securities, bars).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return cleanup.add({
    port,
    endpoint: `tcp:127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

async function serve(
  socket: Socket,
  securities: readonly TestVncSecurity[],
  bars: readonly RgbColour[],
): Promise<void> {
  const reader = new ByteReader(socket);
  const client: TestVncClient = { reader, write: (bytes) => socket.write(Buffer.from(bytes)) };
  client.write(Buffer.from("RFB 003.008\n"));
  await reader.read(12);
  client.write([securities.length, ...securities.map(({ type }) => type)]);
  const [chosen] = await reader.read(1);
  const security = securities.find(({ type }) => type === chosen);
  if (!security || !(await security.authenticate(client))) {
    const reason = Buffer.from(REFUSAL_REASON);
    client.write(Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, reason.length]), reason]));
    socket.end();
    return;
  }
  client.write([0, 0, 0, 0]);
  await reader.read(1);
  await serveTestDesktop(client, bars, security.afterServerInit);
}
