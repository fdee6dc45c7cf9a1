import { basename, extname, resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  chooseFirmware,
  chooseHardware,
  examineDisk,
  followImageLink,
  followImageLinks,
  importImage,
  inspectImage,
  listReadFiles,
  type ImportedImage,
} from "../../launcher/index.ts";
import {
  ConfigError,
  LaunchError,
  diskFormat,
  resolveHardware,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { runWithProgress } from "../programs/run-with-progress.ts";
import { printResult } from "../terminal/output.ts";
import {
  addImageEntryFlags,
  makeImageEntry,
  readImageEntry,
  type ImageEntryFlags,
} from "./image-entry-options.ts";
import { addImageFlags, openImageStore, type ImageFlags } from "./image-options.ts";

const IMPORT_EXAMPLES = `
Examples:
  postern image import old-server ./server.vmdk --data DIR
  postern image import appliance ./appliance.ova --data DIR
  postern image import win11 ./win11.vhdx --data DIR --profile windows-11 --memory 8G --cpus 4
  postern image import disk1 /dev/sdb --format raw --data DIR --compress

VDI, VMDK, VHD, VHDX, QED, qcow2, raw and OVA become qcow2 files in the images folder, one for each disk. An image
that leads to other files is refused: make one file of it where it comes from. What an OVF says of memory, processors,
firmware and devices is taken over; without one, the disk's first sectors are looked at.
`;

const ADD_EXAMPLES = `
Examples:
  postern image add rescue --file /srv/iso/rescue.iso --data DIR
  postern image add lab --file /srv/lab.qcow2 --format qcow2 --data DIR --display virtio
  postern image add --entry lab.json --data DIR

The file stays where it is. With --entry everything that a catalogue may say can be said.
`;

interface AddFlags extends ImageFlags, ImageEntryFlags {
  readonly file?: string;
  readonly format?: DiskFormat;
  readonly entry?: string;
}

interface ImportFlags extends ImageFlags, ImageEntryFlags {
  readonly format?: DiskFormat | "ova";
  readonly compress?: boolean;
}

export function defineImageAdd(image: Command): void {
  const formats = [...diskFormat.options];
  addImageEntryFlags(
    addImageFlags(image.command("add").argument("[id]").description("list a file that is here already"))
      .option("--file <path>", "an ISO, or with --format a disk")
      .addOption(new Option("--format <format>", "the disk's format").choices(formats))
      .option("--entry <file>", "a whole catalogue entry (JSON) instead of the other options"),
  )
    .addHelpText("after", ADD_EXAMPLES)
    .action(addImage);
  addImageEntryFlags(
    addImageFlags(
      image
        .command("import")
        .argument("<id>")
        .argument("<file>")
        .description("make an image out of a disk or an OVA"),
    )
      .addOption(new Option("--format <format>", "what the file has to be").choices([...formats, "ova"]))
      .option("--compress", "smaller, and slower to make"),
  )
    .addHelpText("after", IMPORT_EXAMPLES)
    .action(importDisk);
}

async function addImage(id: string | undefined, flags: AddFlags): Promise<void> {
  const store = await openImageStore(flags);
  const entry =
    flags.entry === undefined
      ? await describeFile(id, flags, store.folder)
      : await readImageEntry(flags.entry);
  store.checkFree(entry.id);
  const fault = await inspectImage(followImageLinks(entry));
  if (fault !== null) {
    const why = fault.kind === "unsafe" ? fault.why : `${fault.file} is missing`;
    throw new LaunchError("IMAGE_UNSAFE", `The image cannot be used: ${why}.`);
  }
  printEntry(await store.add(entry), flags);
}

async function describeFile(
  id: string | undefined,
  flags: AddFlags,
  workFolder: string,
): Promise<ImageEntry> {
  if (id === undefined || flags.file === undefined)
    throw new ConfigError("IMAGE_ENTRY", "Give an id and --file, or --entry.");
  const file = resolve(flags.file);
  if (flags.format !== undefined) {
    const boot = { kind: "disk", format: flags.format, file } as const;
    // Errors of the options, and a file that leads elsewhere, are reported before anything reads the disk.
    const entry = makeImageEntry(id, flags, boot);
    if ((await inspectImage(entry)) !== null) return entry;
    const { system, diskGb } = await examineDisk(boot, workFolder, new AbortController().signal);
    const hardware = chooseHardware({ format: flags.format, system, machine: null });
    const firmware = chooseFirmware({ system, machine: null });
    return makeImageEntry(id, flags, boot, { hardware, firmware, diskGb });
  }
  if (extname(file).toLowerCase() !== ".iso")
    throw new ConfigError("IMAGE_ENTRY", `${basename(file)} is no .iso. If it is a disk, say its --format.`);
  return makeImageEntry(id, flags, { kind: "iso", file });
}

async function importDisk(id: string, file: string, flags: ImportFlags): Promise<void> {
  const store = await openImageStore(flags);
  // Errors of the entry are reported before the work starts.
  const bootFrom = (to: string) => ({ kind: "disk", format: "qcow2", file: to }) as const;
  makeImageEntry(id, flags, bootFrom("/checked"));
  const describe = (imported: ImportedImage): ImageEntry => {
    const { file: to, machine, diskGb, extraDisks } = imported;
    const { memoryMb = null, cpus = null } = machine ?? {};
    const [hardware, firmware] = [chooseHardware(imported), chooseFirmware(imported)];
    const known = { memoryMb, cpus, hardware, firmware, diskGb, extraDisks };
    return makeImageEntry(id, flags, bootFrom(to), known);
  };
  const declared = flags.format ?? null;
  const what = {
    id,
    file: followImageLink(resolve(file)),
    declared,
    compress: flags.compress === true,
    describe,
  };
  printEntry(await runWithProgress((work) => importImage(store, what, work)), flags);
}

/** One line; empty: nothing differs from what every machine has. */
function describeHardware({ hardware }: ImageEntry): string {
  if (hardware === undefined) return "";
  const { disk, card, board } = resolveHardware(hardware);
  return `Hardware: ${hardware.profile}, disk ${disk}, network card ${card}, board ${board}\n`;
}

function printEntry(entry: ImageEntry, flags: ImageFlags): void {
  printResult(
    flags.json === true,
    entry,
    () => `Image ${entry.id} is there: ${listReadFiles(entry).join(", ")}\n${describeHardware(entry)}`,
  );
}
