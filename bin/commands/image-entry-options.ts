import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import {
  ConfigError,
  describeError,
  imageEntry,
  type BootSource,
  type ImageEntry,
} from "../../protocol/index.ts";
import { parseInteger, parseSize } from "../terminal/option-parsers.ts";

/** The given fields of a new image's entry. */
export interface ImageEntryFlags {
  readonly title?: string;
  readonly description?: string;
  readonly memory: number;
  readonly cpus: number;
  readonly firmware: "bios" | "uefi";
  readonly display: string;
  readonly network: string;
  readonly script: string;
  readonly guestAgent?: boolean;
  readonly clipboard?: boolean;
}

export function addImageEntryFlags(command: Command): Command {
  const choice = (flags: string, what: string, choices: string[]): Option =>
    new Option(flags, what).choices(choices).default(choices[0]);
  return command
    .option("--title <text>", "its name in the page; default: the id")
    .option("--description <text>", "a sentence about it")
    .option(
      "--memory <size>",
      "of a machine that asks for no other: MiB, or 512M, 8G",
      parseSize("--memory", "MiB", 16),
      1024,
    )
    .option("--cpus <n>", "the same", parseInteger("--cpus", 1), 1)
    .addOption(choice("--firmware <kind>", "what it starts with", ["bios", "uefi"]))
    .addOption(
      choice("--display <adapter>", "its screen", ["std", "virtio", "qxl", "vmware", "cirrus", "none"]),
    )
    .addOption(choice("--network <kind>", "the most it may reach", ["isolated", "internet", "none"]))
    .addOption(
      choice("--script <route>", "how boot scripts get in", ["none", "cloud-init", "virt-customize"]),
    )
    .option("--guest-agent", "QEMU's guest agent runs inside")
    .option("--clipboard", "SPICE's agent runs inside");
}

/** @throws ConfigError `IMAGE_ENTRY` */
export function makeImageEntry(
  id: string,
  flags: ImageEntryFlags,
  boot: BootSource,
  source?: object,
): ImageEntry {
  return parseImageEntry({
    ...{ id, title: flags.title ?? id, description: flags.description ?? "" },
    memoryMb: { default: flags.memory, min: Math.min(flags.memory, 256) },
    cpus: { default: flags.cpus, min: 1 },
    ...{ boot, firmware: { kind: flags.firmware }, display: flags.display, network: flags.network },
    guest: { agent: flags.guestAgent ?? false, clipboard: flags.clipboard ?? false },
    ...{ script: flags.script, source },
  });
}

/** A complete entry from a file. @throws ConfigError `IMAGE_ENTRY` */
export async function readImageEntry(file: string): Promise<ImageEntry> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new ConfigError("IMAGE_ENTRY", `${file} cannot be read: ${describeError(cause)}`, { cause });
  }
  return parseImageEntry(json);
}

function parseImageEntry(value: unknown): ImageEntry {
  const result = imageEntry.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new ConfigError("IMAGE_ENTRY", `The image's entry is wrong at ${where}: ${issue?.message ?? ""}`);
}
