import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  exchangeKeysWithViewer,
  Conversation,
  describeRsaAes,
  describeRsaKey,
  encodeU32,
  logInWithRsaAes,
  readViewerCredentials,
  RSA_AES_TYPES,
  type RsaAesType,
} from "../../../../../protocol/index.ts";
import { confirmExchange } from "../../../../../protocol/rfb/rsa-aes/confirm-exchange.ts";
import { rsaPublicKey } from "../../../../../protocol/rfb/rsa-aes/public-key.ts";
import {
  decryptRandom,
  encryptedRandom,
  encryptRandom,
} from "../../../../../protocol/rfb/rsa-aes/random-exchange.ts";
import { credentials } from "../../../../../protocol/rfb/rsa-aes/credentials.ts";
import { SealedChannel } from "../../../../../protocol/rfb/rsa-aes/sealed-channel.ts";
import { bytes } from "../../../../../protocol/bytes/grammar.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";
import { chopEveryByte, MemoryDuplex, type MemoryDuplexOptions } from "../../../../support/memory-duplex.ts";

const [SERVER, CLIENT] = [0, 1].map(() => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
  return { privateKey, publicKey: describeRsaKey(privateKey) };
}) as [Keys, Keys];
interface Keys {
  readonly privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"];
  readonly publicKey: ReturnType<typeof describeRsaKey>;
}

const LOGIN = { user: "anna", password: "secret" };

function converse(server: MemoryDuplexOptions = {}, client: MemoryDuplexOptions = server) {
  const below = { server: new MemoryDuplex(server), client: new MemoryDuplex(client) };
  MemoryDuplex.connect(below.server, below.client);
  const [one, other] = [below.server, below.client].map((stream) => {
    stream.on("error", () => undefined);
    return new Conversation(stream, { deadlineMs: 10_000, maxBytes: 100_000 }, new ManualClock());
  }) as [Conversation, Conversation];
  return { server: one, client: other, below };
}

const login = (peer: Conversation, type: RsaAesType, given: Parameters<typeof logInWithRsaAes>[2] = LOGIN) =>
  logInWithRsaAes(peer, type, given, () => Promise.resolve(CLIENT.privateKey));

async function serve(peer: Conversation, type: RsaAesType) {
  const channel = await exchangeKeysWithViewer(peer, type, SERVER);
  return readViewerCredentials(peer, type, channel);
}

/** Ends what one side writes after so many bytes. */
function cutAfter(limit: number, onCut: () => void): MemoryDuplexOptions {
  let left = limit;
  return {
    chop: function* (chunk) {
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) yield piece;
      if (piece.length < chunk.length) queueMicrotask(onCut);
    },
  };
}

function endAndThrow(stream: MemoryDuplex): (error: unknown) => never {
  return (error) => {
    stream.end();
    throw error;
  };
}

/** What a server does, except for what a test gets wrong. */
async function serveWrong(
  peer: Conversation,
  type: RsaAesType,
  { wire = SERVER.publicKey.wire, subtype = Buffer.of(2) }: { wire?: Buffer; subtype?: Buffer },
) {
  const variant = describeRsaAes(type);
  await peer.write(SERVER.publicKey.wire);
  const clientKey = await peer.read(rsaPublicKey());
  const serverRandom = randomBytes(variant.keyBytes);
  await peer.write(encryptRandom(clientKey, serverRandom));
  const encrypted = await peer.read(encryptedRandom(SERVER.publicKey.bytes));
  const clientRandom = decryptRandom(SERVER.privateKey, encrypted, variant.keyBytes);
  const serverKey = { ...SERVER.publicKey, wire };
  const exchanged = { variant, serverKey, clientKey, serverRandom, clientRandom };
  const channel = await confirmExchange(peer, "server", exchanged);
  await channel.write(peer, subtype);
  return await channel.read(peer, credentials());
}

describe.each(RSA_AES_TYPES)("security type %i", (type) => {
  it.each<[string, MemoryDuplexOptions]>([
    ["whole", {}],
    ["byte by byte", { chop: chopEveryByte }],
  ])("lets both sides agree, %s", async (_how, options) => {
    const { server, client, below } = converse(options);
    const [seen] = await Promise.all([serve(server, type), login(client, type)]);
    // It was asked for a password alone.
    expect(seen).toEqual({ username: "", password: "secret" });
    await server.write(encodeU32(0));
    expect(await client.read(bytes(4))).toEqual(encodeU32(0));
    const [near, far] = [server.release(), client.release()];
    expect(near === below.server).toBe(!describeRsaAes(type).encryptsSession);
    far.end("hello");
    near.end();
    expect((await near.toArray()).join("")).toBe("hello");
  });

  it.each(["server", "client"] as const)(
    "is told when the %s closes too early, at every byte",
    async (side) => {
      const other = side === "server" ? 1 : 0;
      for (let length = 0; ; length++) {
        const cut = cutAfter(length, () => below[side].end());
        const { server, client, below } = side === "server" ? converse(cut, {}) : converse({}, cut);
        const outcome = await Promise.allSettled([
          serve(server, type).catch(endAndThrow(below.server)),
          login(client, type).catch(endAndThrow(below.client)),
        ]);
        if (outcome.every(({ status }) => status === "fulfilled")) {
          expect(length).toBeGreaterThan(400);
          return;
        }
        expect(outcome[other]).toMatchObject({ status: "rejected", reason: { code: "PEER_CLOSED" } });
        below.server.destroy();
        below.client.destroy();
      }
    },
  );

  it("asks for a user name where the server wants one", async () => {
    const { server, client } = converse();
    const [seen] = await Promise.all([
      serveWrong(server, type, { subtype: Buffer.of(1) }),
      login(client, type),
    ]);
    expect(seen).toEqual({ username: "anna", password: "secret" });
  });

  it("gives nothing where the server wants a user name and there is none", async () => {
    const { server, client } = converse();
    const serving = serveWrong(server, type, { subtype: Buffer.of(1) });
    await expect(login(client, type, { password: "secret" })).rejects.toMatchObject({
      code: "SERVER_USER_MISSING",
    });
    client.release().destroy();
    await expect(serving).rejects.toMatchObject({ code: "PEER_CLOSED" });
  });

  it.each([0, 3, 255])("does not know sub-type %i", async (subtype) => {
    const { server, client } = converse();
    const serving = serveWrong(server, type, { subtype: Buffer.of(subtype) });
    await expect(login(client, type)).rejects.toMatchObject({ code: "RSA_AES_SUBTYPE" });
    client.release().destroy();
    await expect(serving).rejects.toMatchObject({ code: "PEER_CLOSED" });
  });

  it("notices that the two have seen different keys", async () => {
    const wire = Buffer.from(SERVER.publicKey.wire);
    wire[wire.length - 1]! ^= 2;
    const { server, client } = converse();
    const outcome = await Promise.allSettled([serveWrong(server, type, { wire }), login(client, type)]);
    const refused = { status: "rejected", reason: { code: "RSA_AES_HASH" } };
    expect(outcome).toMatchObject([refused, refused]);
  });

  it("notices every bit that changes on the way", async () => {
    // After the lengths: a longer one would be waited for.
    for (let bit = 0; bit < 8 * 20; bit += 7) {
      let [seen, at] = [0, 4 + 256 + 2 + 128 + 2 + (bit >> 3)];
      const change: MemoryDuplexOptions = {
        chop: function* (chunk) {
          const copy = Buffer.from(chunk);
          if (at >= seen && at < seen + copy.length) copy[at - seen]! ^= 1 << (bit & 7);
          seen += copy.length;
          yield copy;
        },
      };
      const { server, client, below } = converse({}, change);
      const serving = expect(serve(server, type)).rejects.toMatchObject({ code: "RSA_AES_RECORD" });
      const entering = login(client, type).catch(() => undefined);
      await serving;
      below.server.destroy();
      await entering;
      at = -1;
    }
  });
});

describe("what a client gives", () => {
  it.each([
    [{}, "SERVER_PASSWORD_MISSING"],
    [{ password: "x".repeat(256) }, "SERVER_PASSWORD_WRONG"],
    [{ user: "ä".repeat(128), password: "" }, "SERVER_PASSWORD_WRONG"],
  ])("is checked before anything is said: %j", async (given, code) => {
    const { client } = converse();
    await expect(login(client, 129, given)).rejects.toMatchObject({ code });
  });

  it("may be 255 bytes long", async () => {
    const { server, client } = converse();
    const password = "x".repeat(255);
    const [seen] = await Promise.all([serve(server, 6), login(client, 6, { password })]);
    expect(seen.password).toBe(password);
  });
});

describe("the encrypted part of a handshake", () => {
  const [ONE, OTHER] = [randomBytes(16), randomBytes(16)];
  const open = () => {
    const ends = converse();
    return { ...ends, near: new SealedChannel(ONE, OTHER), far: new SealedChannel(OTHER, ONE) };
  };

  it("has records of 1,024 bytes at most", async () => {
    const { server, client, near, far } = open();
    await near.write(server, Buffer.alloc(1_024));
    await far.read(client, bytes(1_024));
    await near.write(server, Buffer.alloc(1_025));
    await expect(far.read(client, bytes(1_025))).rejects.toMatchObject({ code: "LENGTH_LIMIT" });
  });

  it("may cut its messages into records as it likes", async () => {
    const { server, client, near, far } = open();
    for (const byte of Buffer.from("\x01a\x02bcX")) await near.write(server, Buffer.of(byte));
    expect(await far.read(client, credentials())).toEqual({ username: "a", password: "bc" });
    await far.finish(client, describeRsaAes(6));
    await near.write(server, Buffer.from("\x00\x01pX"));
    await far.read(client, bytes(1));
    expect(await far.read(client, credentials())).toEqual({ username: "", password: "p" });
    await expect(far.finish(client, describeRsaAes(6))).rejects.toMatchObject({ code: "RSA_AES_RECORD" });
  });
});
