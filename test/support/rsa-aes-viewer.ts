import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  bytes,
  Conversation,
  encodeClientInit,
  encodeProtocolVersion,
  logInWithRsaAes,
  protocolVersion,
  reasonString,
  serverInit,
  systemClock,
  u32,
  u8,
  type RfbVersion,
  type RsaAesType,
} from "../../protocol/index.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { RfbRefusal } from "./rfb-client.ts";

export interface RsaAesViewer {
  /** RFB from here on, decrypted. */
  readonly stream: Duplex;
  /** The types that the server offered. */
  readonly offered: readonly number[];
  readonly name: string;
  /** All that went over the wire from the server. */
  wire(): Buffer;
}

export interface RsaAesLogin {
  readonly type: RsaAesType;
  readonly password: string;
  readonly user?: string;
  readonly version?: RfbVersion;
}

let key: KeyObject | undefined;

/** One for all viewers of a test file: making it costs more than the rest of a login. */
function shareKey(): Promise<KeyObject> {
  key ??= generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  return Promise.resolve(key);
}

/** A viewer of our own that logs in by RSA-AES, up to ServerInit. @throws Refusal */
export async function connectRsaAes(
  cleanup: CleanupStack,
  target: NetConnectOpts,
  { type, password, user, version = "3.8" }: RsaAesLogin,
): Promise<RsaAesViewer> {
  const socket = connect({ ...target, noDelay: true, allowHalfOpen: true });
  socket.on("error", () => undefined);
  cleanup.add({
    stop: async () => {
      socket.destroy();
      await Promise.resolve();
    },
  });
  await once(socket, "connect");
  const heard = listen(socket);
  const peer = new Conversation(socket, { deadlineMs: 20_000, maxBytes: 100_000 }, systemClock);
  await peer.read(protocolVersion());
  await peer.write(encodeProtocolVersion(version));
  const offered = [...(await peer.read(bytes(await peer.read(u8()))))];
  if (offered.length === 0) throw new RfbRefusal("security-types", await peer.read(reasonString()));
  await peer.write(Buffer.of(type));
  await logInWithRsaAes(peer, type, { password, ...(user !== undefined && { user }) }, shareKey);
  if ((await peer.read(u32())) !== 0) {
    throw new RfbRefusal("security-result", version === "3.8" ? await peer.read(reasonString()) : "");
  }
  await peer.write(encodeClientInit(true));
  const { name } = await peer.read(serverInit());
  return { stream: peer.release(), offered, name, wire: () => Buffer.concat(heard) };
}

/** What a socket hands out, to whomever. */
function listen(socket: Socket): Buffer[] {
  const heard: Buffer[] = [];
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null, ...rest) => {
    if (chunk) heard.push(chunk);
    return push(chunk, ...rest);
  };
  return heard;
}
