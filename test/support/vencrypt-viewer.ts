import { once } from "node:events";
import type { Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { ByteReader } from "./byte-reader.ts";
import { answerChallenge, RfbRefusal } from "./rfb-client.ts";

export const X509_NONE = 260;
export const X509_VNC = 261;
export const X509_PLAIN = 262;
const VENCRYPT = 19;

export interface VeNCryptLogin {
  readonly subType: number;
  readonly version?: "3.7" | "3.8";
  /** PEM; the certificate has to be for `servername`. */
  readonly ca: string;
  readonly servername?: string;
  readonly user?: string;
  readonly password?: string;
  /** What is answered to the server's VeNCrypt version; default 0.2. */
  readonly veNCryptVersion?: readonly [number, number];
}

export interface VeNCryptGreeting {
  readonly types: readonly number[];
  readonly subTypes: readonly number[];
  readonly name: string;
  readonly tls: TLSSocket;
  readonly reader: ByteReader;
}

/** The server said no before TLS began, with this byte. */
class VeNCryptRefusal extends Error {
  readonly byte: number;

  constructor(byte: number) {
    super(`VeNCrypt was refused with ${byte}`);
    this.byte = byte;
  }
}

/** A viewer that speaks VeNCrypt 0.2, from the first byte to ServerInit. @throws Refusal, VeNCryptRefusal */
export async function connectByVeNCrypt(socket: Socket, login: VeNCryptLogin): Promise<VeNCryptGreeting> {
  const { version = "3.8", subType, veNCryptVersion = [0, 2] } = login;
  const plain = new ByteReader(socket);
  await plain.read(12);
  socket.write(`RFB 00${version.replace(".", ".00")}\n`);
  const [count] = await plain.read(1);
  const types = [...(await plain.read(count!))];
  if (count === 0) throw new RfbRefusal("security-types", await readReason(plain));
  socket.write(Buffer.of(VENCRYPT));
  await plain.read(2);
  socket.write(Buffer.from(veNCryptVersion));
  const [result] = await plain.read(1);
  if (result !== 0) throw new VeNCryptRefusal(result!);
  const [length] = await plain.read(1);
  const list = await plain.read(4 * length!);
  const subTypes = Array.from({ length: length! }, (_, index) => list.readUInt32BE(4 * index));
  const choice = Buffer.alloc(4);
  choice.writeUInt32BE(subType);
  socket.write(choice);
  const [accepted] = await plain.read(1);
  if (accepted !== 1) throw new VeNCryptRefusal(accepted!);
  socket.removeAllListeners("data");
  const secure = tls.connect({ socket, ca: login.ca, servername: login.servername ?? "localhost" });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  const reader = new ByteReader(secure);
  if (subType === X509_VNC) {
    secure.write(answerChallenge(login.password ?? "", await reader.read(16)));
  } else {
    secure.write(encodePlain(login.user ?? "", login.password ?? ""));
  }
  if ((await reader.read(4)).readUInt32BE(0) !== 0)
    throw new RfbRefusal("security-result", version === "3.8" ? await readReason(reader) : "");
  secure.write(Buffer.of(1));
  const init = await reader.read(24);
  const name = (await reader.read(init.readUInt32BE(20))).toString("utf8");
  return { types, subTypes, name, tls: secure, reader };
}

export function encodePlain(user: string, password: string): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(Buffer.byteLength(user), 0);
  lengths.writeUInt32BE(Buffer.byteLength(password), 4);
  return Buffer.concat([lengths, Buffer.from(user), Buffer.from(password)]);
}

async function readReason(reader: ByteReader): Promise<string> {
  return (await reader.read((await reader.read(4)).readUInt32BE(0))).toString("utf8");
}
