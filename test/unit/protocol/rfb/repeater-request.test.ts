import { describe, expect, it } from "vitest";
import { parseAll, repeaterRequest } from "../../../../protocol/index.ts";

function request(text: string): Buffer {
  const bytes = Buffer.alloc(250);
  bytes.write(text, "latin1");
  return bytes;
}

describe("a repeater request", () => {
  it.each(["100", "123456789", "9999999999"])("ID:%s", (number) => {
    const rest = Buffer.from("RFB 003.008\n");
    const input = request(`ID:${number}`);
    expect(parseAll(repeaterRequest(), Buffer.concat([input, rest]))).toEqual({ value: number, rest });
    expect(parseAll(repeaterRequest(), input.subarray(0, 249))).toEqual({ missing: 1 });
    expect(parseAll(repeaterRequest(), request(`ID:${number}\0left over`))).toMatchObject({ value: number });
  });

  it.each([
    ...["", "ID:", "ID:99", "ID:0123", "ID:12345678901", "ID:123 ", " ID:123", "id:123", "ID:12x", "ID:-123"],
    ...["localhost:5900", "10.0.0.1::5900", "10.0.0.1", ":5901", "x".repeat(250)],
  ])("%j is refused", (text) => {
    expect(() => parseAll(repeaterRequest(), request(text))).toThrow(/names no ID/);
  });
});
