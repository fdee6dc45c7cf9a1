import { readFile } from "node:fs/promises";
import { AuthError } from "../../protocol/index.ts";

/**
 * Throws unless `identifier` stands on a line of its own in the file, which is read each time, so that a
 * program that hands out jobs may write it at any time. Lines that begin with `#` are comments.
 * @throws AuthError `MIP1_IDENTIFIER_UNKNOWN`, `MIP1_IDENTIFIERS_UNREADABLE`
 */
export async function checkIdentifier(identifier: string, file: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const message = "the list of MiP 1 identifiers cannot be read, so that nobody may connect";
    throw new AuthError("MIP1_IDENTIFIERS_UNREADABLE", message, { cause });
  }
  for (const line of text.split("\n")) {
    if (!line.startsWith("#") && line.trim() === identifier) return;
  }
  throw new AuthError("MIP1_IDENTIFIER_UNKNOWN", "the identifier is not on the list");
}
