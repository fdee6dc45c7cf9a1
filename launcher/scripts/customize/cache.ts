import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const MAX_CUSTOMIZED = 20;

/** Removes what was used longest ago. Machines keep theirs: they have a link of their own. */
export async function pruneCache(cache: string, fresh: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.endsWith(".qcow2"));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = join(cache, name);
      return { file, usedAt: (await stat(file)).mtimeMs };
    }),
  );
  const others = files.filter(({ file }) => file !== fresh).sort((one, other) => other.usedAt - one.usedAt);
  for (const { file } of others.slice(MAX_CUSTOMIZED - 1)) await rm(file, { force: true });
}
