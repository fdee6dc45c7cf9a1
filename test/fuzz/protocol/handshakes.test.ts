import type { Duplex } from "node:stream";
import { describe, it } from "vitest";
import {
  challengeViewer,
  Conversation,
  encodeLengthPrefixed,
  encodeProtocolVersion,
  encodeU32,
  logInToServer,
  exchangeVersions,
  negotiateSecurity,
  readClientInit,
  SecurityType,
  sendSecurityOk,
} from "../../../protocol/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { createDuplexPair } from "../../support/memory-duplex.ts";
import { codeOf, describeRun, mutate, randomFor, RUNS } from "../fuzzing.ts";

const VERSIONS = ["3.3", "3.7", "3.8"] as const;
/** Half the inputs begin with a version that is one. */
const VERSION_BYTES = 12;
const AT_ONCE = 250;
/** Turns of the event loop in which a conversation whose input has ended must be over. */
const PATIENCE = 200;

async function welcomeViewer(peer: Conversation): Promise<unknown> {
  const version = await exchangeVersions(peer);
  const type = await negotiateSecurity(peer, version, [SecurityType.vncAuth]);
  if (type !== SecurityType.vncAuth) throw new Error(`passed by security type ${type}`);
  await challengeViewer(peer);
  await sendSecurityOk(peer, version, type);
  return readClientInit(peer);
}

/** One conversation over input that is all there and ends. */
async function play(input: Buffer, handshake: (peer: Conversation) => Promise<unknown>): Promise<void> {
  const [near, far] = createDuplexPair();
  near.on("error", () => undefined);
  far.on("error", () => undefined);
  far.resume();
  const peer = new Conversation(near, { deadlineMs: 1000, maxBytes: 16_384 }, new ManualClock());
  if (input.length > 0) far.write(input);
  far.end();
  try {
    await handshake(peer);
  } catch (error) {
    codeOf(error);
  } finally {
    peer.release();
    near.destroy();
    far.destroy();
  }
}

async function fuzzHandshake(
  bases: readonly Buffer[],
  handshake: (peer: Conversation) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < RUNS; first += AT_ONCE) {
    const waiting = new Map<number, Buffer>();
    const failures: Error[] = [];
    for (let run = first; run < Math.min(first + AT_ONCE, RUNS); run++) {
      const random = randomFor(run);
      const input = mutate(bases[random(bases.length)]!, random, VERSION_BYTES);
      waiting.set(run, input);
      play(input, handshake).then(
        () => waiting.delete(run),
        (cause: unknown) => failures.push(new Error(describeRun(run, input), { cause })),
      );
    }
    for (let turn = 0; turn < PATIENCE && waiting.size > 0 && failures.length === 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (failures[0]) throw failures[0];
    for (const [run, input] of waiting) throw new Error(`stalled: ${describeRun(run, input)}`);
  }
}

describe("mutated input", () => {
  it("RFB handshakes of viewers", async () => {
    const response = Buffer.alloc(16, 0x42);
    const bases = VERSIONS.map((version) =>
      Buffer.concat([
        encodeProtocolVersion(version),
        Buffer.from(version === "3.3" ? [] : [SecurityType.vncAuth]),
        response,
        Buffer.of(1),
      ]),
    );
    await fuzzHandshake(bases, welcomeViewer);
  });

  it("RFB handshakes of servers", async () => {
    const challenge = Buffer.alloc(16, 0x17);
    const reason = encodeLengthPrefixed("Authentication failed");
    const bases = VERSIONS.flatMap((version) => {
      const start = encodeProtocolVersion(version);
      const offer = (type: number) => (version === "3.3" ? encodeU32(type) : Buffer.of(1, type));
      const refused = version === "3.3" ? encodeU32(0) : Buffer.of(0);
      return [
        Buffer.concat([start, offer(1), encodeU32(0)]),
        Buffer.concat([start, offer(2), challenge, encodeU32(0)]),
        Buffer.concat([start, offer(2), challenge, encodeU32(1), reason]),
        Buffer.concat([start, refused, reason]),
      ];
    });
    await fuzzHandshake(bases, (peer) => logInToServer(peer, { password: "secret" }));
  });

  it("VNC servers with other security types", async () => {
    const ok = encodeU32(0);
    const challenge = Buffer.alloc(16, 0x17);
    const start = (type: number) =>
      Buffer.concat([encodeProtocolVersion("3.8"), Buffer.of(2, type, SecurityType.vncAuth)]);
    const list = (...codes: number[]) =>
      Buffer.concat([
        encodeU32(codes.length),
        ...codes.map((code) => Buffer.concat([encodeU32(code), Buffer.alloc(12)])),
      ]);
    const veNCrypt = (type: number, ...said: Buffer[]) =>
      Buffer.concat([start(SecurityType.veNCrypt), Buffer.of(0, 2, 0, 1), encodeU32(type), ...said, ok]);
    const prime = Buffer.alloc(64, 0xb5);
    const bases = [
      veNCrypt(256),
      veNCrypt(257, Buffer.of(1)),
      veNCrypt(258, Buffer.of(1), challenge),
      veNCrypt(262, Buffer.of(1)),
      veNCrypt(2, challenge),
      Buffer.concat([start(SecurityType.tight), list(0), list(2, 129), challenge, ok]),
      Buffer.concat([start(SecurityType.tight), list(), list(129), ok]),
      Buffer.concat([start(SecurityType.appleDh), Buffer.of(0, 2, 0, 64), prime, Buffer.alloc(64, 0x42), ok]),
      Buffer.concat([start(SecurityType.msLogonII), Buffer.alloc(24, 0x35), ok]),
    ];
    const login = {
      user: "ada",
      password: "secret",
      upgrade: (stream: Duplex) => Promise.resolve(stream),
      allowClearText: true,
      allowMsLogon: true,
    };
    await fuzzHandshake(bases, (peer) => logInToServer(peer, login));
  });
});
