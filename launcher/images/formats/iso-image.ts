import { FileBytes } from "./image-bytes.ts";

/** The first volume descriptor, after 16 sectors of 2048 bytes; its name follows its type. */
const NAME = { at: 16 * 2048 + 1, text: "CD001" };

/** Whether a file is the image of a CD. @throws the system's error if it cannot be opened */
export async function isIsoImage(file: string): Promise<boolean> {
  const bytes = await FileBytes.open(file);
  if (bytes === null) return false;
  try {
    return (await bytes.read(NAME.at, NAME.text.length)).toString("latin1") === NAME.text;
  } finally {
    await bytes.close();
  }
}
