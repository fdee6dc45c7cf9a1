import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sealer } from "../../../../proxy/state/sealer.ts";

const sealer = new Sealer(randomBytes(32));

test("what is sealed opens again, and never looks the same twice", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string({ unit: "grapheme" }), (table, id, text) => {
      const sealed = sealer.seal(table, id, text);
      expect(sealed).not.toBe(sealer.seal(table, id, text));
      expect(sealer.unseal(table, id, sealed)).toBe(text);
    }),
  );
});

test("another row, another table and another key open nothing", () => {
  const sealed = sealer.seal("tokens", "id", "abcd2345");
  expect(sealer.unseal("tokens", "id2", sealed)).toBeNull();
  expect(sealer.unseal("service", "id", sealed)).toBeNull();
  expect(sealer.unseal("tokensi", "d", sealed)).toBeNull();
  expect(new Sealer(randomBytes(32)).unseal("tokens", "id", sealed)).toBeNull();
});

test("an altered value opens nothing, whichever bit it is", () => {
  const sealed = sealer.seal("tokens", "id", "abcd2345");
  const bytes = Buffer.from(sealed.slice(2), "base64");
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const altered = Buffer.from(bytes);
    altered[bit >> 3]! ^= 1 << (bit & 7);
    expect(sealer.unseal("tokens", "id", `1.${altered.toString("base64")}`)).toBeNull();
  }
  for (let length = 0; length < bytes.length; length += 1)
    expect(sealer.unseal("tokens", "id", `1.${bytes.toString("base64", 0, length)}`)).toBeNull();
  for (const other of ["", "1.", "2" + sealed.slice(1), "abcd2345"])
    expect(sealer.unseal("tokens", "id", other)).toBeNull();
});
