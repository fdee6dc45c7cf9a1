import type { Command } from "commander";
import { compressImage, listDependents, listReadFiles, resizeImage } from "../../launcher/index.ts";
import { RequestError } from "../../protocol/index.ts";
import { runWithProgress } from "../programs/run-with-progress.ts";
import { parseSize } from "../terminal/option-parsers.ts";
import { printResult } from "../terminal/output.ts";
import {
  addImageFlags,
  findFilesInUse,
  findUsedFiles,
  openImageStore,
  type ImageFlags,
} from "./image-options.ts";

const REMOVE_EXAMPLES = `
Examples:
  postern image remove old-server --data DIR

An image that machines are built on stays, unless --force: those machines never start again.
`;

/** Commands that change an image of the folder. */
export function defineImageChange(image: Command): void {
  const command = (name: string, what: string): Command =>
    addImageFlags(image.command(name).argument("<id>").description(what));
  command("compress", "write an image anew, smaller")
    .addHelpText("after", "\nExamples:\n  postern image compress old-server --data DIR\n")
    .action(async (id: string, flags: ImageFlags) => {
      const store = await openImageStore(flags);
      await runWithProgress((work) => compressImage(store, id, () => findFilesInUse(flags), work));
      printResult(flags.json === true, store.find(id), () => `Image ${id} is compressed.\n`);
    });
  command("resize", "make an image's disk larger")
    .requiredOption("--size <size>", "of the whole disk: GiB, or 40G, 1T", parseSize("--size", "GiB", 1))
    .addHelpText("after", "\nExamples:\n  postern image resize old-server --size 40 --data DIR\n")
    .action(async (id: string, flags: ImageFlags & { readonly size: number }) => {
      const store = await openImageStore(flags);
      const used = () => findFilesInUse(flags);
      await runWithProgress((work) => resizeImage(store, id, { bytes: flags.size * 1024 ** 3, used }, work));
      const { diskGb, ...entry } = store.find(id);
      const larger = { default: Math.max(diskGb?.default ?? 0, flags.size), min: flags.size };
      const changed = await store.put({ ...entry, diskGb: larger });
      printResult(flags.json === true, changed, () => `The disk of ${id} has ${flags.size} GiB now.\n`);
    });
  command("remove", "remove an image and its file")
    .option("--force", "even if machines are built on it")
    .addHelpText("after", REMOVE_EXAMPLES)
    .action(async (id: string, flags: ImageFlags & { readonly force?: boolean }) => {
      const store = await openImageStore(flags);
      const used = await findUsedFiles(flags);
      // Files of before, and further disks, are deleted with it: machines are built on those, too.
      const files = new Set([...listReadFiles(store.find(id)), ...(await store.listFiles(id))]);
      const machines = [...files].flatMap((file) => listDependents(file, used));
      if (machines.length > 0 && flags.force !== true) {
        const text = `Machines are built on "${id}": ${[...new Set(machines)].join(", ")}. Remove them first, or use --force.`;
        throw RequestError.public("IMAGE_IN_USE", text);
      }
      await store.remove(id);
      printResult(flags.json === true, { id }, () => `Image ${id} is removed.\n`);
    });
}
