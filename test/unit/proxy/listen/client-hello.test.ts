import type { ConnectionOptions } from "node:tls";
import { describe, expect, it } from "vitest";
import { readOfferedProtocols } from "../../../../proxy/listen/client-hello.ts";
import { captureClientHello } from "../../../support/client-hello.ts";

/** The same handshake bytes in records of this many bytes each. */
function fragment(hello: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const piece = hello.subarray(at, at + size);
    records.push(Buffer.concat([hello.subarray(0, 3), Buffer.of(piece.length >> 8, piece.length), piece]));
  }
  return Buffer.concat(records);
}

describe("the protocols of a ClientHello", () => {
  it.each<[string, ConnectionOptions, string[]]>([
    ["one", { ALPNProtocols: ["mip/2"] }, ["mip/2"]],
    [
      "many, with a name",
      { ALPNProtocols: ["h2", "http/1.1"], servername: "desk.example" },
      ["h2", "http/1.1"],
    ],
    ["none", {}, []],
    ["TLS 1.2", { ALPNProtocols: ["mip/1"], maxVersion: "TLSv1.2" }, ["mip/1"]],
  ])("%s: read however it is cut", async (_name, options, expected) => {
    const hello = await captureClientHello(options);
    for (let length = 0; length < hello.length; length++)
      expect(readOfferedProtocols(hello.subarray(0, length)), `${length} bytes`).toBeNull();
    expect(readOfferedProtocols(hello)).toEqual(expected);
    expect(readOfferedProtocols(Buffer.concat([hello, Buffer.of(0x14, 3)]))).toEqual(expected);
    expect(readOfferedProtocols(fragment(hello, 60))).toEqual(expected);
  });

  it("of anything else: none, for TLS to refuse", async () => {
    expect(readOfferedProtocols(Buffer.from("GET / HTTP/1.1\r\n"))).toEqual([]);
    expect(readOfferedProtocols(Buffer.of(0x16, 3, 1, 0, 1, 2))).toEqual([]);
    expect(readOfferedProtocols(Buffer.of(0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff))).toEqual([]);
    expect(
      readOfferedProtocols(Buffer.concat([Buffer.of(0x16, 3, 1, 0x40, 0), Buffer.alloc(16_400)])),
    ).toEqual([]);
    const hello = await captureClientHello({ ALPNProtocols: ["mip/2"] });
    for (let at = 5; at < hello.length; at++) {
      const changed = Buffer.from(hello);
      changed[at] = 0xff;
      const read = readOfferedProtocols(changed);
      expect(read === null || Array.isArray(read)).toBe(true);
    }
  });
});
