import { describe, expect, it } from "vitest";
import { AuthError, encodeU32, vncAuthResponse, type TlsKind } from "../../../../../protocol/index.ts";
import { createDuplexPair } from "../../../../support/memory-duplex.ts";
import { CHALLENGE, checkEveryCut, EVERYTHING, NOTHING, offer, OK, play } from "./server-conversation.ts";

const ACCEPTED = Buffer.of(0);
const TLS = Buffer.of(1);
const PLAIN = Buffer.concat([encodeU32(3), encodeU32(6), Buffer.from("adasecret")]);
const ANSWER = vncAuthResponse("secret", CHALLENGE);

function subTypes(...types: number[]): Buffer {
  return Buffer.concat([Buffer.of(0, 2), ACCEPTED, Buffer.of(types.length), ...types.map(encodeU32)]);
}

const SUB_TYPES: [number, string, Buffer, Buffer][] = [
  [256, "plain", NOTHING, PLAIN],
  [257, "tlsNone", TLS, NOTHING],
  [258, "tlsVnc", Buffer.concat([TLS, CHALLENGE]), ANSWER],
  [259, "tlsPlain", TLS, PLAIN],
  [260, "x509None", TLS, NOTHING],
  [261, "x509Vnc", Buffer.concat([TLS, CHALLENGE]), ANSWER],
  [262, "x509Plain", TLS, PLAIN],
  [1, "none", NOTHING, NOTHING],
  [2, "vncAuth", CHALLENGE, ANSWER],
];

describe("VeNCrypt 0.2", () => {
  it.each(SUB_TYPES)("sub-type %i, %s, however its bytes are cut", async (type, name, said, answered) => {
    const input = Buffer.concat([offer(19), subTypes(type), said, OK]);
    await checkEveryCut(input, EVERYTHING, `veNCrypt ${name}`);
    const { sent } = await play(input);
    expect(sent.subarray(12)).toEqual(Buffer.concat([Buffer.of(19, 0, 2), encodeU32(type), answered]));
  });

  it.each([
    [257, "anonymous"],
    [258, "anonymous"],
    [259, "anonymous"],
    [260, "x509"],
    [261, "x509"],
    [262, "x509"],
  ] as const)("sub-type %i asks for TLS, %s, before anything secret is said", async (type, expected) => {
    const kinds: TlsKind[] = [];
    const upgrade = (_stream: unknown, kind: TlsKind) => {
      kinds.push(kind);
      return Promise.reject(new AuthError("SERVER_CERTIFICATE", "not this one"));
    };
    const input = Buffer.concat([offer(19), subTypes(type), TLS]);
    const { outcome, sent } = await play(input, { ...EVERYTHING, upgrade });
    expect(kinds).toEqual([expected]);
    expect(outcome).toMatchObject({ code: "SERVER_CERTIFICATE" });
    expect(sent).toHaveLength(12 + 3 + 4);
  });

  it("goes on over the stream that TLS gives", async () => {
    const [inner, beyond] = createDuplexPair();
    const heard: Buffer[] = [];
    beyond.on("data", (chunk: Buffer) => heard.push(chunk));
    beyond.write(Buffer.concat([CHALLENGE, OK]));
    const input = Buffer.concat([offer(19), subTypes(258), TLS]);
    const login = { ...EVERYTHING, upgrade: () => Promise.resolve(inner) };
    const { outcome } = await play(input, login);
    expect(outcome).toMatchObject({ value: { security: "veNCrypt tlsVnc" } });
    expect(Buffer.concat(heard)).toEqual(ANSWER);
  });
});

describe("a server that refuses", () => {
  it.each([
    ["QEMU's refusal of the version", Buffer.of(0, 2, 1), "SERVER_VENCRYPT"],
    ["TigerVNC's refusal of the version", Buffer.of(0, 2, 0xff), "SERVER_VENCRYPT"],
    ["version 0.1", Buffer.of(0, 1), "SERVER_VENCRYPT"],
    ["version 0.0", Buffer.of(0, 0), "SERVER_VENCRYPT"],
    ["an empty list", Buffer.concat([Buffer.of(0, 2), ACCEPTED, Buffer.of(0)]), "SERVER_VENCRYPT"],
    ["QEMU's refusal of the sub-type", Buffer.concat([subTypes(258), Buffer.of(0)]), "SERVER_VENCRYPT"],
    ["sub-types that nobody knows", subTypes(263, 0xffffffff, 0, 19), "SERVER_SECURITY_UNSUPPORTED"],
  ])("%s", async (_name, said, code) => {
    const { outcome } = await play(Buffer.concat([offer(19), said]));
    expect(outcome).toMatchObject({ code });
  });

  it("version 0.3 is answered by 0.2, and 1.0 too", async () => {
    for (const version of [Buffer.of(0, 3), Buffer.of(1, 0)]) {
      const input = Buffer.concat([offer(19), version, subTypes(257).subarray(2), TLS, OK]);
      expect((await play(input)).outcome).toMatchObject({ value: { security: "veNCrypt tlsNone" } });
    }
  });

  it("255 sub-types are as many as there can be", async () => {
    const many = Array.from({ length: 255 }, (_, index) => (index === 254 ? 257 : 0x10000 + index));
    const { outcome } = await play(Buffer.concat([offer(19), subTypes(...many), TLS, OK]));
    expect(outcome).toMatchObject({ value: { security: "veNCrypt tlsNone" } });
  });
});

describe("a dead end", () => {
  const withoutCa = { ...EVERYTHING, requireX509: false };

  it("is left for another security type, on a new connection", async () => {
    const input = Buffer.concat([offer(19, 2), subTypes(260, 261, 262)]);
    expect((await play(input, withoutCa)).outcome).toMatchObject({ code: "SERVER_OTHER_WAY" });
    const again = Buffer.concat([offer(19, 2), CHALLENGE, OK]);
    const { outcome } = await play(again, { ...withoutCa, avoid: [19] });
    expect(outcome).toMatchObject({ value: { security: "vncAuth" } });
  });

  it("is final where a certificate is required, or nothing else is offered", async () => {
    const required = { ...EVERYTHING, requireX509: true };
    const input = Buffer.concat([offer(19, 2), subTypes(258)]);
    expect((await play(input, required)).outcome).toMatchObject({ code: "SERVER_CERTIFICATE" });
    const { password: _password, ...poor } = EVERYTHING;
    const alone = Buffer.concat([offer(19), subTypes(258)]);
    expect((await play(alone, poor)).outcome).toMatchObject({ code: "SERVER_PASSWORD_MISSING" });
  });
});

describe("security type 18, TLS with the list of types inside", () => {
  it.each<[string, Buffer, Buffer]>([
    ["none", Buffer.of(1, 1), Buffer.of(18, 1)],
    ["vncAuth", Buffer.concat([Buffer.of(2, 77, 2), CHALLENGE]), Buffer.concat([Buffer.of(18, 2), ANSWER])],
  ])("%s, however its bytes are cut", async (name, said, answered) => {
    const input = Buffer.concat([offer(18), said, OK]);
    await checkEveryCut(input, EVERYTHING, `tls ${name}`);
    expect((await play(input)).sent.subarray(12)).toEqual(answered);
  });

  it("begins TLS before anything secret is said, without a certificate", async () => {
    const kinds: TlsKind[] = [];
    const upgrade = (_stream: unknown, kind: TlsKind) => {
      kinds.push(kind);
      return Promise.reject(new AuthError("SERVER_CERTIFICATE", "not this one"));
    };
    const { sent } = await play(offer(18), { ...EVERYTHING, upgrade });
    expect(kinds).toEqual(["anonymous"]);
    expect(sent).toHaveLength(13);
  });
});

describe("a sub-type without TLS", () => {
  it("is not taken where another security type encrypts the session", async () => {
    const account = { ...EVERYTHING, requireX509: false };
    const input = Buffer.concat([offer(19, 129, 2), subTypes(256, 2, 262)]);
    expect((await play(input, account)).outcome).toMatchObject({ code: "SERVER_OTHER_WAY" });
    const clear = Buffer.concat([offer(19, 2), subTypes(256, 2), CHALLENGE, OK]);
    expect((await play(clear, account)).outcome).toMatchObject({ value: { security: "veNCrypt vncAuth" } });
  });
});
