import { expect, test } from "vitest";
import { parseAll } from "../../../../../../../protocol/index.ts";
import {
  ldapMessage,
  MalformedLdap,
  OversizedLdap,
  readUtf8,
} from "../../../../../../../web/server/sign-in/providers/ldap/ldap-messages.ts";
import { ber, ldapAnswer, ldapEntry, ldapResult, OP } from "../../../../../../support/ldap-impostor.ts";

const parse = (bytes: Buffer) => parseAll(ldapMessage(), bytes);
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("a bind's answer as OpenLDAP sends it", () => {
  expect(parse(hex("30 0c 02 01 01 61 07 0a 01 31 04 00 04 00"))).toEqual({
    value: { id: 1, answer: { kind: "bind", result: { code: 49, diagnostic: "" } } },
    rest: Buffer.alloc(0),
  });
});

test("an entry has its attributes in lower case and its values as bytes; what follows is left", () => {
  const entry = ldapEntry("uid=é", { objectGUID: ["ab", "\0"], memberOf: [] });
  const parsed = parse(Buffer.concat([ldapAnswer(7, entry), Buffer.from("rest")]));
  const attributes = new Map([
    ["objectguid", [Buffer.from("ab"), Buffer.from("\0")]],
    ["memberof", []],
  ]);
  expect(parsed).toEqual({
    value: { id: 7, answer: { kind: "entry", entry: { dn: "uid=é", attributes } } },
    rest: Buffer.from("rest"),
  });
});

test("controls and further parts of a result are passed over", () => {
  const result = ber(OP.done, ber(0x0a, "\x0a"), ber(0x04), ber(0x04, "x"), ber(0xa3, ber(0x04, "ldap://x")));
  const message = ber(0x30, ber(0x02, "\x03"), result, ber(0xa0, ber(0x30, ber(0x04, "1.2.3"))));
  expect(parse(message)).toMatchObject({
    value: { id: 3, answer: { kind: "done", result: { code: 10, diagnostic: "x" } } },
  });
  expect(parse(ldapAnswer(4, ber(OP.reference, ber(0x04, "ldap://x"))))).toMatchObject({
    value: { answer: { kind: "reference" } },
  });
});

const WHOLE = [
  ldapAnswer(1, ldapResult(OP.bind, 0, "said")),
  ldapAnswer(2, ldapEntry("uid=a", { uid: ["a"], mail: ["b", "c"] })),
];

test.each(WHOLE.map((one) => [one]))("what is cut anywhere is not there yet", (whole) => {
  for (let length = 0; length < whole.length; length += 1)
    expect(parse(whole.subarray(0, length))).toMatchObject({ missing: expect.any(Number) });
});

test("no single byte that is changed makes it run on: it is read, refused, or waits for more", () => {
  for (const whole of WHOLE)
    for (let at = 0; at < whole.length; at += 1)
      for (const value of [0x00, 0x01, 0x30, 0x7f, 0x80, 0x84, 0x85, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        try {
          parse(changed);
        } catch (error) {
          expect(error instanceof MalformedLdap || error instanceof OversizedLdap, String(error)).toBe(true);
        }
      }
});

test.each([
  ["no SEQUENCE", "31 00"],
  ["an indefinite length", "30 80"],
  ["a length of five bytes", "30 85 00 00 00 00 01"],
  ["nothing in it", "30 00"],
  ["an id without bytes", "30 05 02 00 65 01 00"],
  ["an id of five bytes", "30 09 02 05 00 00 00 00 01 65 00"],
  ["an element that is too long", "30 06 02 01 01 65 02 0a"],
  ["an inner length of no bytes", "30 05 02 01 01 65 82"],
  ["an unknown operation", "30 05 02 01 01 79 00"],
  ["a tag of several bytes", "30 06 02 01 01 7f 7f 00"],
  ["a result without a code", "30 05 02 01 01 65 00"],
])("%s is malformed", (_what, bytes) => {
  expect(() => parse(hex(bytes))).toThrow(MalformedLdap);
});

test("a message of 1 MiB is taken, one byte more is refused before it is awaited", () => {
  expect(parse(hex("30 84 00 10 00 00"))).toEqual({ missing: 1_048_576 });
  expect(() => parse(hex("30 84 00 10 00 01"))).toThrow(OversizedLdap);
});

test("4,096 values are taken, one more is refused", () => {
  const withValues = (count: number) =>
    parse(ldapAnswer(1, ldapEntry("a=b", { x: Array.from({ length: count }, () => "v") })));
  expect(withValues(4096)).toHaveProperty("value");
  expect(() => withValues(4097)).toThrow(OversizedLdap);
});

test("what is no UTF-8 is no text", () => {
  expect(readUtf8(Buffer.from("é"))).toBe("é");
  expect(readUtf8(Buffer.from([0xff]))).toBeNull();
});
