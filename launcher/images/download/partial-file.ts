import { readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";

/** Which content a file, or the part of one, is of. */
export const contentVersion = z.object({
  url: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Of the whole file, where the server says it. */
  bytes: z.number().int().nonnegative().optional(),
});
export type ContentVersion = z.infer<typeof contentVersion>;

/** What an answer says of the whole file. */
export function readVersion(
  url: string,
  headers: IncomingHttpHeaders,
  bytes: number | undefined,
): ContentVersion {
  const { etag, "last-modified": lastModified } = headers;
  return {
    url,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** The word for If-Range: only a strong one says that bytes can be joined. Null: begin anew. */
export function rangeValidator({ etag, lastModified }: ContentVersion): string | null {
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return etag === undefined ? (lastModified ?? null) : null;
}

export interface PartialFile {
  readonly received: number;
  readonly version: ContentVersion;
}

const describing = (file: string): string => `${file}.json`;

/** A part that was left by an earlier attempt; null: none that fits. */
export async function readPartialFile(file: string, url: string): Promise<PartialFile | null> {
  try {
    const version = contentVersion.parse(JSON.parse(await readFile(describing(file), "utf8")));
    const { size } = await stat(file);
    return version.url === url && size > 0 && rangeValidator(version) !== null
      ? { received: size, version }
      : null;
  } catch {
    return null;
  }
}

export async function writePartialVersion(file: string, version: ContentVersion): Promise<void> {
  await writeFile(describing(file), JSON.stringify(version), { mode: 0o600 });
}

export async function deletePartialFile(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(describing(file), { force: true });
}
