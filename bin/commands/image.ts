import type { Command } from "commander";
import { listReadFiles, summarizeImage, type FilesInUse, type ImageStore } from "../../launcher/index.ts";
import type { ImageEntry } from "../../protocol/index.ts";
import { hasQemu } from "../programs/host.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { defineImageAdd } from "./image-add.ts";
import { defineImageBuild } from "./image-build.ts";
import { defineImageChange } from "./image-change.ts";
import { defineImageDownload } from "./image-download.ts";
import { defineImageInspect } from "./image-inspect.ts";
import { addImageFlags, findUsedFiles, openImageStore, type ImageFlags } from "./image-options.ts";

const EXAMPLES = `
Examples:
  postern image list --data /var/lib/postern-host
  postern image build debian-desktop --data /var/lib/postern-host
  postern image import win10 ~/win10.ova --data /var/lib/postern-host --memory 4096 --cpus 2
  postern image download debian-cloud --data /var/lib/postern-host
  postern image inspect ./unknown.vmdk

A host that runs notices at once. Long work shows a bar on a terminal; elsewhere each line of standard
error is a JSON object {"progress": {"title", "fraction", "note"}}.
`;

/** Images of this host. All commands work on its images folder, whether the host runs or not. */
export function defineImage(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addImageFlags(command.command("list").description("all images of this host"))
    .addHelpText("after", EXAMPLES)
    .action(listImages);
  defineImageAdd(command);
  defineImageDownload(command);
  defineImageBuild(command);
  defineImageChange(command);
  defineImageInspect(command);
}

async function listImages(flags: ImageFlags): Promise<void> {
  const store = await openImageStore(flags);
  const used = await findUsedFiles(flags);
  const rows = await Promise.all(store.entries().map((entry) => describeImageRow(store, entry, used)));
  for (const problem of store.problems()) process.stderr.write(`postern: not an image: ${problem}\n`);
  printResult(flags.json === true, rows, () =>
    formatTable(
      ["ID", "TITLE", "FROM", "MACHINES", "STATE"],
      rows.map((row) => [row.id, row.title, row.from, String(row.machines.length), row.reason ?? "ready"]),
    ),
  );
}

async function describeImageRow(store: ImageStore, entry: ImageEntry, used: FilesInUse) {
  const { available, reason } = await summarizeImage(entry, hasQemu());
  const machines = [...new Set(listReadFiles(entry).flatMap((file) => used.machines.get(file) ?? []))];
  const { id, title, boot, source } = entry;
  return {
    ...{ id, title, from: store.originOf(id), machines, available, boot },
    ...(reason === undefined ? {} : { reason }),
    ...(source === undefined ? {} : { source }),
  };
}
