import { lstat, mkdtemp, readlink, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { examineDisk, followImageLink, inspectUnknownFile } from "../../launcher/index.ts";
import { describeError, diskFormat, isMissing } from "../../protocol/index.ts";

/** What an image is by its content, whatever its name says. */
export type ImageLook =
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly why: string }
  | {
      readonly kind: "file";
      /** The path for the catalogue. */
      readonly file: string;
      readonly format: NonNullable<Awaited<ReturnType<typeof inspectUnknownFile>>["format"]>;
      /** What its first sectors say about the system on it. */
      readonly system: DiskSystem;
      /** It is no copy of the path that was asked for: an administrator's link led out of the folder. */
      readonly isElsewhere: boolean;
      /** Others than its owner may read it. */
      readonly isReadable: boolean;
    };

type DiskSystem = Awaited<ReturnType<typeof examineDisk>>["system"];

const MAX_LINKS = 40;

/** Looks at an image of DARTS. Links are followed as {@link followOutwards} says. */
export async function lookAtImage(path: string): Promise<ImageLook> {
  try {
    const inside = followImageLink(path);
    const isLink = (await lstat(path)).isSymbolicLink();
    const isElsewhere = isLink && inside === path;
    const target = isElsewhere ? await followOutwards(path) : inside;
    if (target === null) return refuse("it is a link out of its folder that neither root nor you made");
    const { mode } = await stat(target);
    const { format, why } = await inspectUnknownFile(target);
    if (format === null || why !== null) return refuse(why ?? "it is not an ordinary file");
    const file = isElsewhere ? target : path;
    const system = await recogniseSystem(target, format);
    return { kind: "file", file, format, system, isElsewhere, isReadable: (mode & 0o004) !== 0 };
  } catch (error) {
    return isMissing(error) ? { kind: "missing" } : refuse(`it cannot be read: ${describeError(error)}`);
  }
}

/** @param format by its content: nothing else is opened */
async function recogniseSystem(file: string, format: string): Promise<DiskSystem> {
  const disk = diskFormat.safeParse(format);
  if (!disk.success) return { profile: null, isUefi: false };
  const folder = await mkdtemp(join(tmpdir(), "postern-darts-"));
  try {
    const { signal } = new AbortController();
    return (await examineDisk({ file, format: disk.data }, folder, signal)).system;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refuse(why: string): ImageLook {
  return { kind: "refused", why };
}

/**
 * Where a link out of its folder leads: an administrator's link is followed wherever it goes, and the catalogue names
 * the file at its end, so that it stays this one.
 * @returns null: somebody else made the link, or one that it leads to
 * @throws Error where the links have no end
 */
async function followOutwards(link: string): Promise<string | null> {
  let at = link;
  for (let count = 0; count < MAX_LINKS; count += 1) {
    const found = await lstat(at);
    if (!found.isSymbolicLink()) return realpath(at);
    if (found.uid !== 0 && found.uid !== process.getuid?.()) return null;
    at = resolve(dirname(at), await readlink(at));
  }
  throw new Error("its links lead in a circle");
}
