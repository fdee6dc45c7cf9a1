import { readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";

/** The version of a remote file's content. */
export const contentVersion = z.object({
  url: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Of the whole file, if the server gives it. */
  bytes: z.number().int().nonnegative().optional(),
});
export type ContentVersion = z.infer<typeof contentVersion>;

/** The whole file's version, from a response's headers. */
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

/** The validator for If-Range: only a strong one allows bytes to be joined. Null: download from the beginning. */
export function rangeValidator({ etag, lastModified }: ContentVersion): string | null {
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return etag === undefined ? (lastModified ?? null) : null;
}

export interface PartialFile {
  readonly received: number;
  readonly version: ContentVersion;
}

const describing = (file: string): string => `${file}.json`;

/** A partial file of an earlier attempt; null: none that can be resumed. */
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
