import { expect, it } from "vitest";
import { StreamWalker } from "../../../bench/stream/stream-walker.ts";
import { encodeFrame, encodeUpgrade, readWebSocket } from "../../../bench/stream/websocket-frames.ts";

const ANSWER = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");

function read(wire: Buffer, pieceBytes = wire.length) {
  const controls: string[] = [];
  let payload = "";
  let opened = 0;
  const onOpen = () => (opened += 1);
  const onControl = (opcode: number, data: Buffer) => controls.push(`${opcode} ${data.toString()}`);
  const walker = new StreamWalker(
    readWebSocket({ onOpen, onControl }),
    (piece) => (payload += piece.toString("latin1")),
  );
  for (let at = 0; at < wire.length; at += pieceBytes) walker.push(wire.subarray(at, at + pieceBytes));
  return { opened, controls, payload };
}

it("writes the masked text of RFC 6455, section 5.7", () => {
  const mask = Buffer.from("37fa213d", "hex");
  expect(encodeFrame(1, Buffer.from("Hello"), mask).toString("hex")).toBe("818537fa213d7f9f4d5158");
});

it("writes a longer message's length into two bytes", () => {
  const frame = encodeFrame(2, Buffer.alloc(300), Buffer.alloc(4));
  expect(frame.subarray(0, 4).toString("hex")).toBe("82fe012c");
  expect(frame.length).toBe(8 + 300);
});

it("asks for RFB's sub-protocol", () => {
  expect(encodeUpgrade(443, "/rfb")).toMatch(/^GET \/rfb HTTP\/1\.1\r\nHost: 127\.0\.0\.1:443\r\n/);
  expect(encodeUpgrade(443, "/rfb")).toMatch(/\r\nSec-WebSocket-Protocol: binary\r\n\r\n$/);
});

it.each([1, 3, 100_000])(
  "reads payloads of every length, and what is between, in pieces of %d bytes",
  (size) => {
    const short = Buffer.from("820568656c6c6f", "hex");
    const medium = Buffer.concat([Buffer.from("827e0100", "hex"), Buffer.alloc(256, "m")]);
    const long = Buffer.concat([Buffer.from("827f0000000000010000", "hex"), Buffer.alloc(65_536, "l")]);
    const ping = Buffer.from("890470696e67", "hex");
    const empty = Buffer.from("8200", "hex");
    const { opened, controls, payload } = read(
      Buffer.concat([ANSWER, short, ping, empty, medium, long, short]),
      size,
    );
    expect({ opened, controls }).toEqual({ opened: 1, controls: ["9 ping"] });
    expect(payload).toBe(`hello${"m".repeat(256)}${"l".repeat(65_536)}hello`);
  },
);

it("refuses an answer that is no upgrade, and a masked frame", () => {
  expect(() => read(Buffer.from("HTTP/1.1 403 Forbidden\r\n\r\n"))).toThrow("HTTP/1.1 403 Forbidden");
  expect(() => read(Buffer.concat([ANSWER, Buffer.from([0x82, 0x85])]))).toThrow("masked");
});
