import { describe, it } from "vitest";
import { ClientFilter, encodeSetEncodings } from "../../../../../protocol/index.ts";
import {
  EVERY_EXTENSION,
  SAMPLES,
  ULTRA_SAMPLES,
} from "../../../../unit/protocol/rfb/client-stream/sample-messages.ts";
import { codeOf, cut, fuzz, join, type Random } from "../../../fuzzing.ts";

function filter(pieces: readonly Buffer[], control: boolean): { out: Buffer; code: string } {
  const out: Buffer[] = [];
  const running = new ClientFilter({ control, denied: new Set() }, (chunk) => out.push(Buffer.from(chunk)));
  let code = "";
  try {
    for (const piece of pieces) running.push(piece);
  } catch (error) {
    code = codeOf(error);
  }
  return { out: Buffer.concat(out), code };
}

const ALL = encodeSetEncodings([7, -307, ...EVERY_EXTENSION, -316]);

describe("mutated input", () => {
  it("client messages: the cut does not matter, and what passes once passes again unchanged", () => {
    const wires = [...SAMPLES, ...SAMPLES, ...ULTRA_SAMPLES].map(({ wire }) => wire);
    const makeBase = (random: Random) => Buffer.concat([ALL, join(wires, random), join(wires, random)]);
    const check = (input: Buffer, random: Random) => {
      const control = random(2) === 0;
      const whole = filter([input], control);
      const inPieces = filter(cut(input, random), control);
      if (!whole.out.equals(inPieces.out) || whole.code !== inPieces.code) {
        throw new Error(`whole: ${whole.code}, in pieces: ${inPieces.code}`);
      }
      const again = filter([whole.out], control);
      if (again.code !== "" || !again.out.equals(whole.out)) {
        throw new Error(`what passed does not pass again: ${again.code}`);
      }
      if (whole.out.length > input.length) throw new Error("more came out than went in");
    };
    fuzz(makeBase, check, ALL.length);
  });
});
