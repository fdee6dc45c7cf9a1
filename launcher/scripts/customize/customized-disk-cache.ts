import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const MAX_CUSTOMIZED = 20;
/** What is older and unfinished was left by a launcher that was killed. */
const UNFINISHED_MS = 3_600_000;

/** Removes what was used longest ago. Machines keep theirs: they have a link of their own. */
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
