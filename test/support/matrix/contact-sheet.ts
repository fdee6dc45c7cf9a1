import { runProcess } from "../test-process.ts";

const COLUMNS = 5;

/** Puts small pictures, each above its label, into one PNG file. */
export async function drawContactSheet(
  file: string,
  labelled: readonly (readonly [label: string, picture: string])[],
): Promise<void> {
  const pictures = labelled.flatMap(([label, picture]) => ["-label", label, picture]);
  const look = ["-tile", `${COLUMNS}x`, "-geometry", "200x150+4+4", "-background", "#f4f4f4"];
  const text = ["-font", "DejaVu-Sans", "-pointsize", "11"];
  const small = ["-colors", "48", "-depth", "8", "-strip", `png8:${file}`];
  const { code, stderr } = await runProcess("/usr/bin/montage-im6", [
    ...text,
    ...pictures,
    ...look,
    ...small,
  ]);
  if (code !== 0) throw new Error(`montage: ${stderr}`);
}
