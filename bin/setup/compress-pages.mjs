// Puts a Brotli and a gzip form beside each text file of the built pages, so that no request has to wait for a compressor.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { inRoot } from "./paths.mjs";
import { listFiles } from "./sources.mjs";

const TEXT_FILES = new Set([".html", ".js", ".css", ".svg"]);
/** A smaller file fits into the first packets as it is. */
const MIN_BYTES = 512;

/** @param folder relative to the checkout */
export async function compressPages(folder) {
  for (const name of await listFiles([folder])) {
    if (!TEXT_FILES.has(path.extname(name))) continue;
    const file = inRoot(name);
    const text = await readFile(file);
    if (text.length < MIN_BYTES) continue;
    const best = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } };
    await writeFile(`${file}.br`, await promisify(brotliCompress)(text, best));
    await writeFile(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
  }
}
