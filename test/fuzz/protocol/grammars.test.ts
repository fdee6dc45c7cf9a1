import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import {
  encodeProtocolVersion,
  encodeServerInit,
  FrameDecoder,
  MAX_DESKTOP_NAME_BYTES,
  MAX_CREDENTIAL_BYTES,
  mip1,
  plainCredentials,
  protocolVersion,
  repeaterRequest,
  serverInit,
  type Grammar,
} from "../../../protocol/index.ts";
import { attempt, cut, fuzz, join, type Random } from "../fuzzing.ts";

/** Reads value after value, and sees to it that every wait is for something and within the limit. */
function readAll<T>(grammar: () => Grammar<T>, input: Buffer, longestWait: number): T[] {
  const values: T[] = [];
  let at = 0;
  while (at < input.length) {
    const start = at;
    const running = grammar();
    let step = running.next();
    while (!step.done) {
      const wanted: number = step.value;
      if (!Number.isInteger(wanted) || wanted < 1 || wanted > longestWait) {
        throw new Error(`waits for ${wanted} bytes`);
      }
      if (at + wanted > input.length) return values;
      at += wanted;
      step = running.next(input.subarray(at - wanted, at));
    }
    if (at === start) throw new Error("a value of no bytes at all");
    values.push(step.value);
  }
  return values;
}

/** Whole or in pieces, by hand or by the decoder: the same values and the same end. */
function checkAlike<T>(
  grammar: () => Grammar<T>,
  input: Buffer,
  pieces: Buffer[],
  longestWait: number,
): void {
  const whole = attempt(() => readAll(grammar, input, longestWait));
  const values: T[] = [];
  const decoder = new FrameDecoder(grammar, (value) => values.push(value));
  const pushed = attempt(() => {
    for (const piece of pieces) decoder.push(piece);
    return values;
  });
  if (!isDeepStrictEqual(pushed, whole)) expect(pushed).toEqual(whole);
}

const joined = (bases: readonly Buffer[]) => (random: Random) => join(bases, random);

const trueColour = Buffer.from("20180001" + "00ff00ff00ff" + "100800" + "000000", "hex");

describe("mutated input", () => {
  it("ProtocolVersion", () => {
    const bases = (["3.3", "3.7", "3.8"] as const).map(encodeProtocolVersion);
    fuzz(joined(bases), (input, random) => {
      checkAlike(protocolVersion, input, cut(input, random), 12);
    });
  });

  it("ServerInit", () => {
    const pixelFormat = {
      bitsPerPixel: 16,
      depth: 16,
      bigEndian: true,
      trueColour: true,
      redMax: 31,
      greenMax: 63,
      blueMax: 31,
      redShift: 11,
      greenShift: 5,
      blueShift: 0,
    };
    const bases = [
      encodeServerInit({ width: 800, height: 600, pixelFormat, name: "user@host" }),
      Buffer.concat([Buffer.from("04000300", "hex"), trueColour, Buffer.alloc(4)]),
    ];
    fuzz(joined(bases), (input, random) => {
      checkAlike(() => serverInit(), input, cut(input, random), MAX_DESKTOP_NAME_BYTES);
    });
  });

  it("user name and password", () => {
    const bases = ["00000000" + "00000000", "00000004" + "00000003" + "616e6e61" + "746f6b"];
    fuzz(joined(bases.map((base) => Buffer.from(base, "hex"))), (input, random) => {
      checkAlike(plainCredentials, input, cut(input, random), MAX_CREDENTIAL_BYTES);
    });
  });

  it("repeater requests", () => {
    const bases = ["ID:123456789", "localhost:5900"].map((text) => Buffer.from(text.padEnd(250, "\0")));
    fuzz(joined(bases), (input, random) => {
      checkAlike(repeaterRequest, input, cut(input, random), 250);
    });
  });

  it("MiP 1", () => {
    const bases = [
      mip1.encodeMip1Message({ type: 0, identifierType: 1, identifier: "354887_1_20_2009__18_4_26_mig.0" }),
      mip1.encodeMip1Message({
        type: 1,
        ticket: 17,
        proxyHost: "proxy.example",
        proxyPort: 443,
        endpointHost: "localhost",
        endpointPort: 5900,
      }),
      mip1.encodeMip1Message({ type: 2, ticket: 17, status: 1 }),
    ];
    fuzz(joined(bases), (input, random) => {
      checkAlike(mip1.readMip1Message, input, cut(input, random), mip1.MIP1_LIMITS.identifier);
    });
  });
});
