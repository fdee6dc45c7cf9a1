import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Picture } from "../pixels.ts";
import { runProcess } from "../process.ts";

const COLUMNS = 5;
const SHRINK = 4;

/** Puts small copies of pictures, each above its label, into one PNG file. */
export async function drawContactSheet(
  file: string,
  labelled: readonly (readonly [label: string, picture: Picture])[],
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "pt-sheet-"));
  try {
    const args: string[] = [];
    for (const [index, [label, picture]] of labelled.entries()) {
      const small = path.join(folder, `${index}.png`);
      await writeFile(small, picture.shrink(SHRINK).encode());
      args.push("-label", label, small);
    }
    const look = ["-tile", `${COLUMNS}x`, "-geometry", "200x150+4+4", "-background", "#f4f4f4"];
    const text = ["-font", "DejaVu-Sans", "-pointsize", "11"];
    const small = ["-colors", "48", "-depth", "8", "-strip", `png8:${file}`];
    const { code, stderr } = await runProcess("/usr/bin/montage-im6", [...text, ...args, ...look, ...small]);
    if (code !== 0) throw new Error(`montage: ${stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
