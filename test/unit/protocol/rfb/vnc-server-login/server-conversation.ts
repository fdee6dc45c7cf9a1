import type { Duplex } from "node:stream";
import { expect } from "vitest";
import {
  Conversation,
  encodeProtocolVersion,
  encodeU32,
  logInToServer,
  systemClock,
  type ServerLoginResult,
  type ServerLogin,
} from "../../../../../protocol/index.ts";
import { ByteReader } from "../../../../support/byte-reader.ts";
import { createDuplexPair } from "../../../../support/memory-duplex.ts";
import type { TestVncSecurity } from "../../../../support/test-vnc-server.ts";
import { cutEverywhere, playAgainst, type Played } from "./scripted-peer.ts";

export const OK = encodeU32(0);
const FAILED = encodeU32(1);
export const NOTHING = Buffer.alloc(0);
export const CHALLENGE = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

/** A login with everything, over TLS that changes nothing. */
export const EVERYTHING: ServerLogin = {
  user: "ada",
  password: "secret",
  upgrade: (stream) => Promise.resolve(stream),
  allowClearText: true,
  allowMsLogon: true,
};

/** ProtocolVersion 3.8 and a list of security types. */
export function offer(...types: number[]): Buffer {
  return Buffer.concat([encodeProtocolVersion("3.8"), Buffer.of(types.length, ...types)]);
}

export function play(
  input: Buffer | readonly Buffer[],
  login: ServerLogin = EVERYTHING,
): Promise<Played<ServerLoginResult>> {
  return playAgainst(Buffer.isBuffer(input) ? [input] : input, (peer) => logInToServer(peer, login));
}

/** The server's bytes lead in however they are cut, and nowhere when any of them is missing. */
export async function checkEveryCut(input: Buffer, login: ServerLogin, security: string): Promise<void> {
  for (const pieces of cutEverywhere(input)) {
    const { outcome, rest } = await play(pieces, login);
    expect(outcome).toMatchObject({ value: { security } });
    expect(rest).toHaveLength(0);
  }
  for (let length = 0; length < input.length; length++) {
    const { outcome } = await play(input.subarray(0, length), login);
    expect(outcome, `after ${length} bytes`).toMatchObject({ code: "PEER_CLOSED" });
  }
}

/** Lets the login meet a server's own arithmetic; returns whether that server was satisfied. */
export async function meet(security: TestVncSecurity, login: ServerLogin): Promise<boolean> {
  const [near, far] = createDuplexPair();
  for (const end of [near, far] as Duplex[]) end.on("error", () => undefined);
  const reader = new ByteReader(far);
  const peer = new Conversation(near, { deadlineMs: 10_000, maxBytes: 100_000 }, systemClock);
  far.write(offer(security.type));
  const entering = logInToServer(peer, login);
  entering.catch(() => undefined);
  await reader.read(13);
  const admitted = await security.authenticate({ reader, write: (bytes) => far.write(Buffer.from(bytes)) });
  far.write(admitted ? OK : Buffer.concat([FAILED, encodeU32(0)]));
  if (admitted) await entering;
  else await expect(entering).rejects.toMatchObject({ code: "SERVER_PASSWORD_WRONG" });
  peer.release();
  near.destroy();
  far.destroy();
  return admitted;
}
