/** Pictures that pass for a guest's screen: drawn with rectangles, seen only at thumbnail size. */
import { createHash } from "node:crypto";
import { PNG } from "pngjs";

function canvas(width, height, colour) {
  const png = new PNG({ width, height });
  const fill = (x, y, w, h, [r, g, b]) => {
    for (let row = y; row < Math.min(height, y + h); row += 1) {
      for (let column = x; column < Math.min(width, x + w); column += 1) {
        png.data.set([r, g, b, 255], (row * width + column) * 4);
      }
    }
  };
  fill(0, 0, width, height, colour);
  return { png, fill };
}

/** Word-like dashes, from a seed. */
function writeLines(fill, seed, { x, y, width, lines, size, colour }) {
  for (let line = 0; line < lines; line += 1) {
    let at = x;
    for (let word = 0; at < x + width; word += 1) {
      const length = size * (2 + ((seed * 7 + line * 13 + word * 5) % 7));
      if ((seed + line * 3 + word) % 9 === 8) break;
      fill(at, y + line * size * 2, Math.min(length, x + width - at), size, colour);
      at += length + size;
    }
  }
}

function drawMemtest(seed) {
  const { png, fill } = canvas(720, 400, [0, 0, 168]);
  fill(0, 0, 720, 20, [0, 168, 168]);
  fill(260, 60, 300, 8, [60, 60, 200]);
  fill(260, 60, 20 + ((seed * 23) % 280), 8, [200, 200, 200]);
  writeLines(fill, 3, { x: 12, y: 32, width: 220, lines: 6, size: 7, colour: [190, 190, 190] });
  writeLines(fill, 5, { x: 260, y: 84, width: 380, lines: 3, size: 7, colour: [190, 190, 190] });
  writeLines(fill, 9, { x: 12, y: 160, width: 640, lines: 12, size: 7, colour: [120, 120, 220] });
  return png;
}

function drawDesktop(seed) {
  const { png, fill } = canvas(1024, 640, [29, 62, 84]);
  fill(0, 0, 1024, 26, [22, 27, 31]);
  fill(70, 70, 560, 430, [246, 247, 248]);
  fill(70, 70, 560, 30, [222, 226, 229]);
  writeLines(fill, 4, { x: 92, y: 124, width: 180, lines: 16, size: 9, colour: [120, 130, 138] });
  for (let bar = 0; bar < 12; bar += 1) {
    const height = 40 + ((bar * 53 + seed * 17) % 260);
    fill(300 + bar * 26, 470 - height, 18, height, bar % 3 === 0 ? [214, 120, 62] : [56, 132, 168]);
  }
  fill(520, 240, 440, 330, [17, 21, 24]);
  fill(520, 240, 440, 28, [52, 59, 64]);
  writeLines(fill, seed, { x: 540, y: 286, width: 380, lines: 13, size: 8, colour: [126, 196, 140] });
  return png;
}

function drawBoot(seed) {
  const { png, fill } = canvas(720, 400, [8, 8, 8]);
  writeLines(fill, 2, { x: 12, y: 14, width: 560, lines: 6 + (seed % 16), size: 8, colour: [150, 150, 150] });
  return png;
}

export function drawScreen(machine, turn) {
  const draw =
    machine.state === "booting" ? drawBoot : machine.image === "memtest86plus" ? drawMemtest : drawDesktop;
  const png = PNG.sync.write(draw(turn));
  return { png, etag: `"${createHash("sha1").update(png).digest("hex")}"` };
}
