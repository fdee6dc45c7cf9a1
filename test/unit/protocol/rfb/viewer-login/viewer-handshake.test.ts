import { describe, expect, it } from "vitest";
import {
  challengeViewer,
  encodeProtocolVersion,
  exchangeVersions,
  negotiateSecurity,
  readClientInit,
  refuseViewer,
  RSA_AES_TYPES,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  type Conversation,
  type RfbVersion,
} from "../../../../../protocol/index.ts";
import { cutEverywhere, playAgainst } from "../vnc-server-login/scripted-peer.ts";

const VERSIONS: readonly RfbVersion[] = ["3.3", "3.7", "3.8"];
const RESPONSE = Buffer.from("f0e1d2c3b4a5968778695a4b3c2d1e0f", "hex");
const OURS = encodeProtocolVersion("3.8");

async function welcome(peer: Conversation, offered: readonly SecurityType[]) {
  const version = await exchangeVersions(peer);
  const type = await negotiateSecurity(peer, version, offered);
  const answer = type === SecurityType.vncAuth ? await challengeViewer(peer) : undefined;
  await sendSecurityOk(peer, version, type);
  return { version, type, response: answer?.response, ...(await readClientInit(peer)) };
}

function viewerBytes(version: RfbVersion, type: SecurityType): Buffer {
  return Buffer.concat([
    encodeProtocolVersion(version),
    Buffer.from(version === "3.3" ? [] : [type]),
    type === SecurityType.vncAuth ? RESPONSE : Buffer.alloc(0),
    Buffer.of(1),
  ]);
}

/** What the viewer hears, with the random challenge left out. */
function expectedWire(version: RfbVersion, type: SecurityType): { before: Buffer; after: Buffer } {
  const offer = version === "3.3" ? Buffer.of(0, 0, 0, type) : Buffer.of(1, type);
  const hasResult = version === "3.8" || type === SecurityType.vncAuth;
  return { before: Buffer.concat([OURS, offer]), after: Buffer.alloc(hasResult ? 4 : 0) };
}

describe.each(VERSIONS)("a %s viewer", (version) => {
  it.each([SecurityType.none, SecurityType.vncAuth])(
    "enters by security type %i, however its bytes are cut",
    async (type) => {
      const challenges = new Set<string>();
      let runs = 0;
      for (const pieces of cutEverywhere(viewerBytes(version, type))) {
        const { outcome, sent, rest } = await playAgainst(pieces, (peer) => welcome(peer, [type]));
        const response = type === SecurityType.vncAuth ? RESPONSE : undefined;
        expect(outcome).toEqual({ value: { version, type, response, shared: true } });
        const { before, after } = expectedWire(version, type);
        expect(sent.subarray(0, before.length)).toEqual(before);
        expect(sent.subarray(sent.length - after.length)).toEqual(after);
        const challenge = sent.subarray(before.length, sent.length - after.length);
        expect(challenge).toHaveLength(type === SecurityType.vncAuth ? 16 : 0);
        challenges.add(challenge.toString("hex"));
        expect(rest).toHaveLength(0);
        runs++;
      }
      expect(challenges.size).toBe(type === SecurityType.vncAuth ? runs : 1);
    },
  );

  it("is told when it closes too early, at every byte", async () => {
    const input = viewerBytes(version, SecurityType.vncAuth);
    for (let length = 0; length < input.length; length++) {
      const { outcome } = await playAgainst([input.subarray(0, length)], (peer) =>
        welcome(peer, [SecurityType.vncAuth]),
      );
      expect(outcome).toMatchObject({ code: "PEER_CLOSED" });
    }
  });

  it("keeps what it sends ahead of its turn", async () => {
    const ahead = Buffer.from("messages after ClientInit");
    const input = Buffer.concat([viewerBytes(version, SecurityType.none), ahead]);
    const { rest } = await playAgainst([input], (peer) => welcome(peer, [SecurityType.none]));
    expect(rest).toEqual(ahead);
  });

  it("is refused with a reason instead of a security type", async () => {
    const { sent } = await playAgainst([], (peer) => refuseViewer(peer, version, "Try again in 4 s."));
    const invalid = version === "3.3" ? Buffer.alloc(4) : Buffer.alloc(1);
    expect(sent).toEqual(Buffer.concat([invalid, Buffer.of(0, 0, 0, 17), Buffer.from("Try again in 4 s.")]));
  });

  it("hears why its password was wrong only if its version can say so", async () => {
    const { sent } = await playAgainst([], (peer) =>
      sendSecurityFailure(peer, version, SecurityType.vncAuth, "No."),
    );
    const reason = version === "3.8" ? Buffer.from("\0\0\0\x03No.", "latin1") : Buffer.alloc(0);
    expect(sent).toEqual(Buffer.concat([Buffer.of(0, 0, 0, 1), reason]));
  });
});

describe("security types", () => {
  const offers: readonly (readonly SecurityType[])[] = [
    [SecurityType.none],
    [SecurityType.vncAuth],
    [SecurityType.veNCrypt, SecurityType.vncAuth],
    [...RSA_AES_TYPES, SecurityType.vncAuth],
  ];

  it.each(["3.7", "3.8"] as const)("all 256 tried over %s: only what is offered passes", async (version) => {
    for (const offered of offers) {
      for (let chosen = 0; chosen < 256; chosen++) {
        const input = Buffer.concat([encodeProtocolVersion(version), Buffer.of(chosen)]);
        const { outcome, sent } = await playAgainst([input], async (peer) =>
          negotiateSecurity(peer, await exchangeVersions(peer), offered),
        );
        const list = Buffer.concat([OURS, Buffer.of(offered.length, ...offered)]);
        if (offered.some((type) => type === chosen)) {
          expect(outcome).toEqual({ value: chosen });
          expect(sent).toEqual(list);
        } else {
          expect(outcome).toMatchObject({ code: "RFB_SECURITY_TYPE" });
          const failure = sent.subarray(list.length);
          expect(failure.subarray(0, 4)).toEqual(Buffer.of(0, 0, 0, 1));
          if (version === "3.7") expect(failure).toHaveLength(4);
          else expect(failure.subarray(8).toString()).toContain("not one of those offered");
        }
      }
    }
  });

  it("over 3.3 the server decides: whatever byte the viewer adds is not a choice", async () => {
    for (let chosen = 0; chosen < 256; chosen++) {
      const input = Buffer.concat([encodeProtocolVersion("3.3"), Buffer.of(chosen)]);
      const { outcome, rest } = await playAgainst([input], async (peer) =>
        negotiateSecurity(peer, await exchangeVersions(peer), [SecurityType.vncAuth]),
      );
      expect(outcome).toEqual({ value: SecurityType.vncAuth });
      expect(rest).toEqual(Buffer.of(chosen));
    }
  });

  it("over 3.3 the first that 3.3 has is decided", async () => {
    const { outcome, sent } = await playAgainst([], (peer) =>
      negotiateSecurity(peer, "3.3", [SecurityType.veNCrypt, SecurityType.vncAuth, SecurityType.none]),
    );
    expect(outcome).toEqual({ value: SecurityType.vncAuth });
    expect(sent).toEqual(Buffer.of(0, 0, 0, 2));
  });

  it("over 3.3 a viewer is told when nothing fits", async () => {
    const { outcome, sent } = await playAgainst([], (peer) =>
      negotiateSecurity(peer, "3.3", [SecurityType.veNCrypt]),
    );
    expect(outcome).toMatchObject({ code: "RFB_SECURITY_TYPE" });
    expect(sent.subarray(0, 4)).toEqual(Buffer.alloc(4));
    expect(sent.subarray(8).toString()).toContain("newer viewer");
  });

  it("need an offer", async () => {
    await expect(playAgainst([], (peer) => negotiateSecurity(peer, "3.8", []))).rejects.toThrow(
      "at least one",
    );
  });
});

describe("after None", () => {
  it.each(["3.3", "3.7"] as const)("%s has no SecurityResult of either kind", async (version) => {
    const { sent } = await playAgainst([], async (peer) => {
      await sendSecurityOk(peer, version, SecurityType.none);
      await sendSecurityFailure(peer, version, SecurityType.none, "No.");
    });
    expect(sent).toHaveLength(0);
  });
});

describe("ClientInit", () => {
  it.each([0, 1, 2, 255])("with %i", async (byte) => {
    const { outcome } = await playAgainst([Buffer.of(byte)], readClientInit);
    expect(outcome).toEqual({ value: { shared: byte !== 0 } });
  });
});
