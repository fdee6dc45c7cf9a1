import { readFile } from "node:fs/promises";
import { ConfigError, describeError, imageCatalogue, type ImageEntry } from "../../protocol/index.ts";
import { builtInImages } from "./built-in-images.ts";

/**
 * Reads the catalogue.
 * @param file JSON, `{"images": […]}`; null: the built-in images
 * @throws ConfigError `CATALOGUE_UNREADABLE`, `CATALOGUE_INVALID`
 */
export async function readCatalogue(file: string | null): Promise<readonly ImageEntry[]> {
  if (file === null) return builtInImages;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new ConfigError(
      "CATALOGUE_UNREADABLE",
      `The catalogue ${file} cannot be read: ${describeError(cause)}`,
      {
        cause,
      },
    );
  }
  return parseCatalogue(text, file);
}

/** @throws ConfigError `CATALOGUE_INVALID` naming the field that is wrong */
export function parseCatalogue(text: string, name: string): readonly ImageEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("CATALOGUE_INVALID", `The catalogue ${name} is not JSON: ${describeError(cause)}`, {
      cause,
    });
  }
  const result = imageCatalogue.safeParse(json);
  if (result.success) return result.data.images;
  const issue = result.error.issues[0];
  const where = issue && issue.path.length > 0 ? issue.path.join(".") : "the file";
  throw new ConfigError(
    "CATALOGUE_INVALID",
    `The catalogue ${name} is wrong at ${where}: ${issue?.message ?? ""}`,
  );
}
