import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { inRoot } from "./paths.mjs";

/**
 * All files at or below `places` (relative to the checkout), as sorted relative paths. Skips missing places.
 */
export async function listFiles(places, root = inRoot()) {
  const files = [];
  for (const place of places) {
    const found = await stat(path.join(root, place)).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isFile()) {
      files.push(place);
      continue;
    }
    const entries = await readdir(path.join(root, place), { withFileTypes: true, recursive: true });
    for (const entry of entries) {
      // `parentPath` came with Node 20.12; `path` is its older name.
      if (entry.isFile())
        files.push(path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)));
    }
  }
  return files.sort();
}

/** A digest of the names and contents of these files. It does not depend on dates. */
export async function fingerprintFiles(files, root = inRoot()) {
  const hash = createHash("sha256");
  for (const file of files) {
    const contents = await readFile(path.join(root, file));
    hash.update(`${file}\0${contents.length}\0`).update(contents);
  }
  return hash.digest("hex");
}
