import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { expect, test } from "vitest";
import { readLogoutToken } from "../../../../../../web/server/sign-in/providers/logout-token.ts";

const NOW = 1_000_000;
const ISSUER = "https://id.test";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const GOOD = {
  ...{ iss: ISSUER, aud: "postern", iat: NOW, exp: NOW + 120, jti: "j-1" },
  ...{ events: { [EVENT]: {} }, sub: "anna-1", sid: "s-1" },
};
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const ED = generateKeyPairSync("ed25519").privateKey;

function encode(...parts: readonly object[]): string {
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

function signWith(key: KeyObject, alg: string, claims: object = GOOD, head: object = {}): string {
  const input = encode({ alg, kid: "k", typ: "logout+jwt", ...head }, claims);
  const padding = alg.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : undefined;
  const how = {
    key,
    dsaEncoding: "ieee-p1363",
    ...(padding !== undefined && { padding, saltLength: 32 }),
  } as const;
  return `${input}.${sign(alg === "EdDSA" ? null : "sha256", Buffer.from(input), how).toString("base64url")}`;
}

function read(token: string, keys: readonly KeyObject[] = [EC]) {
  const jwks = keys.map((key) => createPublicKey(key).export({ format: "jwk" }));
  return readLogoutToken(token, {
    ...{ issuer: ISSUER, clientId: "postern", nowSeconds: NOW, toleranceSeconds: 60 },
    findKeys: (kty) => Promise.resolve(jwks.filter((jwk) => jwk.kty === kty) as never),
  });
}

const NOTICE = { subject: `${ISSUER} anna-1`, session: "s-1", id: "j-1" };

test.each([
  ["RS256", RSA],
  ["PS256", RSA],
  ["ES256", EC],
  ["EdDSA", ED],
])("a token that is signed by %s is believed, by that key and no other", async (alg, key) => {
  const token = signWith(key, alg);
  expect(await read(token, [RSA, EC, ED])).toEqual(NOTICE);
  const others = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("ed25519"),
  ];
  expect(
    await read(
      token,
      others.map(({ privateKey }) => privateKey),
    ),
  ).toBe("its signature is wrong");
  const [head, , signature] = token.split(".");
  const changed = [head, encode({ ...GOOD, sub: "eve" }), signature].join(".");
  expect(await read(changed, [RSA, EC, ED])).toBe("its signature is wrong");
});

test("one of several audiences is enough, and a person or a session alone", async () => {
  expect(await read(signWith(EC, "ES256", { ...GOOD, aud: ["x", "postern"] }))).toEqual(NOTICE);
  expect(await read(signWith(EC, "ES256", { ...GOOD, sub: undefined }))).toEqual({
    ...NOTICE,
    subject: null,
  });
  expect(await read(signWith(EC, "ES256", { ...GOOD, sid: undefined }))).toEqual({
    ...NOTICE,
    session: null,
  });
});

const MISSHAPEN = "a claim is missing, or one too many";
test.each<[string, object, string]>([
  ["another issuer", { iss: "https://evil.test" }, "it is of another issuer"],
  ["another client", { aud: "x" }, "it is for another client"],
  ["no event", { events: {} }, MISSHAPEN],
  ["an event that is a text", { events: { [EVENT]: "x" } }, MISSHAPEN],
  ["a nonce, as an ID token has", { nonce: "n" }, MISSHAPEN],
  ["no key of its own", { jti: undefined }, MISSHAPEN],
  ["no time", { iat: undefined }, MISSHAPEN],
  ["a subject without end", { sub: "a".repeat(256) }, MISSHAPEN],
  ["an old time", { iat: NOW - 181, exp: undefined }, "it is too old"],
  ["a time to come", { iat: NOW + 61 }, "it is of the future"],
  ["an end that has passed", { exp: NOW - 60 }, "it has expired"],
  [
    "neither person nor session",
    { sub: undefined, sid: undefined },
    "it names neither a person nor a session",
  ],
])("a token with %s is not believed", async (_name, change, why) => {
  expect(await read(signWith(EC, "ES256", { ...GOOD, ...change }))).toBe(why);
});

test("a header that asks for less, or for another kind of token, is not believed", async () => {
  const kind = "its signature is of a kind that is not taken";
  expect(await read(`${encode({ alg: "none" }, GOOD)}.`)).toBe(kind);
  expect(await read(signWith(EC, "ES256", GOOD, { alg: "HS256" }))).toBe(kind);
  expect(await read(signWith(EC, "ES256", GOOD, { crit: ["b64"] }))).toBe(kind);
  expect(await read(signWith(EC, "ES256", GOOD, { typ: "at+jwt" }))).toBe("it is a token of another kind");
  // The same key, another kind of signature: RSA keys do not check those of elliptic curves.
  expect(await read(signWith(EC, "ES256", GOOD, { alg: "RS256" }))).toBe("its signature is wrong");
  expect(await read(signWith(EC, "ES256", GOOD, { alg: "ES384" }))).toBe("its signature is wrong");
});

test("what is no token, or too long, is not looked at", async () => {
  for (const text of ["", "a", "a.b", "a.b.c.d", "..", `${"a".repeat(20_000)}.b.c`])
    expect(typeof (await read(text)), text.slice(0, 10)).toBe("string");
  const long = signWith(EC, "ES256", { ...GOOD, more: "a".repeat(16_384) });
  expect(await read(long)).toBe("it is no signed token");
});
