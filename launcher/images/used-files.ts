import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const usedBoot = z.object({
  name: z.string(),
  boot: z.object({
    file: z.string().optional(),
    kernel: z.string().optional(),
    initrd: z.string().optional(),
  }),
});

/** Files that the machines of a state folder depend on, with the names of those machines. */
export async function listUsedFiles(stateDir: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const used = new Map<string, string[]>();
  for (const folder of await readdir(stateDir).catch(() => [])) {
    const spec = await readSpecOf(join(stateDir, folder, "spec.json"));
    if (spec === null) continue;
    for (const file of [spec.boot.file, spec.boot.kernel, spec.boot.initrd])
      if (file !== undefined) used.set(file, [...(used.get(file) ?? []), spec.name]);
  }
  return used;
}

async function readSpecOf(file: string): Promise<z.infer<typeof usedBoot> | null> {
  try {
    return usedBoot.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null;
  }
}
