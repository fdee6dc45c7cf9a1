import { encodeCursor, type Colour, type PixelWriter } from "../../protocol/index.ts";

/** An arrow: `#` its edge, `.` its inside. */
const ARROW = `
#
##
#.#
#..#
#...#
#....#
#.....#
#......#
#.......#
#........#
#.....####
#..#..#
#.# #..#
##  #..#
#    #..#
     #..#
      ##`
  .trimStart()
  .split("\n");

const WIDTH = Math.max(...ARROW.map((row) => row.length));
const TIP = { x: 0, y: 0 };

/** The pointer as a Cursor rectangle. */
export function encodeArrow(writer: PixelWriter, edge: Colour, inside: Colour): Buffer {
  const size = { width: WIDTH, height: ARROW.length };
  const rowBytes = Math.ceil(WIDTH / 8);
  const pixels = Buffer.alloc(size.width * size.height * writer.size);
  const mask = Buffer.alloc(rowBytes * size.height);
  let offset = 0;
  ARROW.forEach((row, y) => {
    for (let x = 0; x < WIDTH; x++) {
      const dot = row[x] ?? " ";
      offset = writer.write(pixels, offset, dot === "#" ? edge : inside);
      const at = y * rowBytes + (x >> 3);
      if (dot !== " ") mask.writeUInt8(mask.readUInt8(at) | (0x80 >> (x & 7)), at);
    }
  });
  return encodeCursor(size, TIP, pixels, mask);
}

/** No pointer: what takes the screen's place brings its own. */
export function encodeNoArrow(): Buffer {
  return encodeCursor({ width: 0, height: 0 }, TIP, Buffer.alloc(0), Buffer.alloc(0));
}
