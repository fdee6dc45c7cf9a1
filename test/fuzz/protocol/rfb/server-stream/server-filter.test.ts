import { describe, it } from "vitest";
import { PixelFormatTracker, ServerFilter } from "../../../../../protocol/index.ts";
import {
  CLIPBOARD,
  EXTENDED_CLIPBOARD,
  MESSAGES,
  RECTANGLES,
  TRUE_COLOUR,
  update,
} from "../../../../unit/protocol/rfb/server-stream/samples.ts";
import { codeOf, cut, fuzz, join, type Random } from "../../../fuzzing.ts";

function follow(pieces: readonly Buffer[]): { out: Buffer; code: string } {
  const out: Buffer[] = [];
  const running = new ServerFilter(new PixelFormatTracker(TRUE_COLOUR), (chunk) =>
    out.push(Buffer.from(chunk)),
  );
  let code = "";
  try {
    for (const piece of pieces) running.push(piece);
  } catch (error) {
    code = codeOf(error);
  }
  return { out: Buffer.concat(out), code };
}

describe("mutated input", () => {
  it("a server's stream: the cut does not matter, and what passes once passes again unchanged", () => {
    const wires = [
      CLIPBOARD,
      EXTENDED_CLIPBOARD,
      ...MESSAGES.map(({ wire }) => wire),
      ...RECTANGLES.filter(({ wire }) => wire.length < 1000).map(({ wire }) => update([wire])),
    ];
    const makeBase = (random: Random) => Buffer.concat([join(wires, random), join(wires, random)]);
    fuzz(makeBase, (input, random) => {
      const whole = follow([input]);
      const inPieces = follow(cut(input, random));
      if (!whole.out.equals(inPieces.out) || whole.code !== inPieces.code)
        throw new Error(`whole: ${whole.code}, in pieces: ${inPieces.code}`);
      const again = follow([whole.out]);
      // A message that was refused may have begun to pass before: it is then refused again at the same place.
      if (again.code !== "" && again.code !== whole.code) throw new Error(`again: ${again.code}`);
      if (!again.out.equals(whole.out)) throw new Error("what passed does not pass again");
      if (whole.out.length > input.length) throw new Error("more came out than went in");
    });
  });
});
