import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { pruneCustomizedDisks } from "../../../../../launcher/scripts/customize/customized-disk-cache.ts";

it("keeps the twenty that were used last, and nothing that a killed launcher left", async () => {
  const cache = await mkdtemp(path.join(tmpdir(), "postern-cache-"));
  try {
    const names = Array.from({ length: 23 }, (_, index) => `${String(index).padStart(2, "0")}.qcow2`);
    for (const [index, name] of names.entries()) {
      await writeFile(path.join(cache, name), "");
      await utimes(path.join(cache, name), index, index);
    }
    await mkdir(path.join(cache, "old.qcow2.x/in"), { recursive: true });
    await utimes(path.join(cache, "old.qcow2.x"), 1, 1);
    await mkdir(path.join(cache, "busy.qcow2.y"));
    // The oldest is the one that is wanted now.
    await pruneCustomizedDisks(cache, path.join(cache, names[0]!));
    expect((await readdir(cache)).sort()).toEqual([names[0], ...names.slice(4), "busy.qcow2.y"].sort());
  } finally {
    await rm(cache, { recursive: true });
  }
});
