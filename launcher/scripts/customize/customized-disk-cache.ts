import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const MAX_CUSTOMIZED = 20;
/** Older unfinished disks are leftovers of a killed launcher. */
const UNFINISHED_MS = 3_600_000;

/** Removes the least recently used disks. Machines keep theirs by a hard link. */
export async function pruneCustomizedDisks(cache: string, fresh: string): Promise<void> {
  const found = await Promise.all(
    (await readdir(cache)).map(async (name) => {
      const file = join(cache, name);
      const changedAt = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      return { file, changedAt: changedAt ?? Date.now(), done: name.endsWith(".qcow2") };
    }),
  );
  const done = found
    .filter((entry) => entry.done && entry.file !== fresh)
    .sort((one, other) => other.changedAt - one.changedAt);
  const left = found.filter((entry) => !entry.done && entry.changedAt < Date.now() - UNFINISHED_MS);
  for (const { file } of [...done.slice(MAX_CUSTOMIZED - 1), ...left])
    await rm(file, { recursive: true, force: true });
}
