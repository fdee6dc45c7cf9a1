import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ByteReader } from "./byte-reader.ts";
import type { Owner } from "./owner.ts";
import type { Colour } from "./pixels.ts";

export interface Client {
  readonly reader: ByteReader;
  write(bytes: Buffer | readonly number[]): void;
}

/** One security type: says and hears what belongs to it, up to SecurityResult; false refuses the viewer. */
export interface OwnSecurity {
  readonly type: number;
  admit(client: Client): Promise<boolean>;
  /** Sent right behind ServerInit. */
  readonly afterServerInit?: Buffer;
}

export interface OwnVncServer {
  readonly port: number;
  /** What follows `--desktop NAME=`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

export const REFUSAL_REASON = "REASON-CANARY of host.example";
export const OWN_SERVER_NAME = "NAME-CANARY";
const [WIDTH, HEIGHT] = [320, 200];
/** Bytes of a client's message, its first byte included; SetEncodings and ClientCutText have more to read. */
const MESSAGE_BYTES: Readonly<Record<number, number>> = { 0: 20, 2: 4, 3: 10, 4: 8, 5: 6, 6: 8 };

/**
 * A VNC server of our own, for security types that no server of Debian has. It shares no code with the product, and shows
 * one colour.
 */
export async function startOwnVncServer(
  owner: Owner,
  securities: readonly OwnSecurity[],
  colour: Colour,
): Promise<OwnVncServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, securities, colour).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return owner.own({
    port,
    endpoint: `tcp:127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

async function serve(socket: Socket, securities: readonly OwnSecurity[], colour: Colour): Promise<void> {
  const reader = new ByteReader(socket);
  const client: Client = { reader, write: (bytes) => socket.write(Buffer.from(bytes)) };
  client.write(Buffer.from("RFB 003.008\n"));
  await reader.read(12);
  client.write([securities.length, ...securities.map(({ type }) => type)]);
  const [chosen] = await reader.read(1);
  const security = securities.find(({ type }) => type === chosen);
  if (!security || !(await security.admit(client))) {
    const reason = Buffer.from(REFUSAL_REASON);
    client.write(Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, reason.length]), reason]));
    socket.end();
    return;
  }
  client.write([0, 0, 0, 0]);
  await reader.read(1);
  const name = Buffer.from(OWN_SERVER_NAME);
  const format = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
  const head = Buffer.from([WIDTH >> 8, WIDTH & 255, 0, HEIGHT, ...format, 0, 0, 0, name.length]);
  client.write(Buffer.concat([head, name, security.afterServerInit ?? Buffer.alloc(0)]));
  for (;;) await answerMessage(client, colour);
}

async function answerMessage({ reader, write }: Client, [red, green, blue]: Colour): Promise<void> {
  const [type] = await reader.read(1);
  const length = MESSAGE_BYTES[type!];
  if (length === undefined) throw new Error(`A viewer sent message type ${type}.`);
  const rest = await reader.read(length - 1);
  if (type === 2) await reader.read(4 * rest.readUInt16BE(1));
  if (type === 6) await reader.read(rest.readUInt32BE(3));
  if (type !== 3) return;
  const rectangle = [0, 0, 0, 0, WIDTH >> 8, WIDTH & 255, 0, HEIGHT, 0, 0, 0, 0];
  const pixels = Buffer.alloc(4 * WIDTH * HEIGHT, Buffer.from([red, green, blue, 0]));
  write(Buffer.concat([Buffer.from([0, 0, 0, 1, ...rectangle]), pixels]));
}
