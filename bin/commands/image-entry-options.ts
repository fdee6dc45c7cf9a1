import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  architecture,
  ConfigError,
  describeError,
  diskBus,
  displayAdapter,
  hardwareClock,
  hardwareProfile,
  imageEntry,
  isKeymap,
  machineBoard,
  networkCard,
  soundCard,
  type BootSource,
  type HardwareProfile,
  type ImageEntry,
  type ImageHardware,
} from "../../protocol/index.ts";
import { collectValues, parseInteger, parseSize } from "../terminal/option-parsers.ts";

const FIRMWARES = ["bios", "uefi", "uefi-secure"] as const;
const DEFAULT_MEMORY_MB = 1024;
/** What a machine of an image may have at least, where nothing is said. */
const MIN_MEMORY_MB = 256;

/** The given fields of a new image's entry. */
export interface ImageEntryFlags {
  readonly title?: string;
  readonly description?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly arch: string;
  readonly firmware?: (typeof FIRMWARES)[number];
  readonly tpm?: boolean;
  readonly display: string;
  readonly displays?: string[];
  readonly network: string;
  readonly script: string;
  readonly guestAgent?: boolean;
  readonly clipboard?: boolean;
  readonly profile?: HardwareProfile;
  readonly diskBus?: ImageHardware["disk"];
  readonly card?: ImageHardware["card"];
  readonly board?: ImageHardware["board"];
  readonly clock?: ImageHardware["clock"];
  readonly sound?: ImageHardware["sound"];
  readonly hyperv?: boolean;
  readonly extraCd?: string;
  readonly qemuArg?: string[];
}

/** What is known about an image; flags come first. */
export interface KnownImage {
  readonly memoryMb?: number | null;
  readonly cpus?: number | null;
  readonly firmware?: { readonly kind: "bios" | "uefi"; readonly secureBoot: boolean };
  readonly hardware?: ImageHardware | undefined;
  readonly diskGb?: number | null;
  readonly extraDisks?: readonly { readonly format: "qcow2"; readonly file: string }[];
  readonly source?: object | undefined;
}

export function addImageEntryFlags(command: Command): Command {
  const choice = (flags: string, what: string, choices: readonly string[]): Option =>
    new Option(flags, what).choices(choices);
  const choiceOf = (flags: string, what: string, choices: readonly string[]): Option =>
    choice(flags, what, choices).default(choices[0]);
  return command
    .option("--title <text>", "its name in the page; default: the id")
    .option("--description <text>", "a sentence about it")
    .option(
      "--memory <size>",
      `of a machine that asks for no other: MiB, or 512M, 8G; default: what an OVF says, or ${DEFAULT_MEMORY_MB}`,
      parseSize("--memory", "MiB", 16),
    )
    .option("--cpus <n>", "the same; default: what an OVF says, or 1", parseInteger("--cpus", 1))
    .addOption(choiceOf("--arch <architecture>", "the guest's", architecture.options))
    .addOption(choice("--firmware <kind>", "what it starts with; default: by what is known", FIRMWARES))
    .option("--tpm", "a TPM 2")
    .option("--no-tpm", "none, whatever the profile")
    .addOption(choiceOf("--display <adapter>", "its screen", displayAdapter.options.toSorted(stdFirst)))
    .option("--displays <adapters>", "others that may be chosen, separated by commas", collectValues)
    .addOption(choiceOf("--network <kind>", "the most it may reach", ["isolated", "internet", "none"]))
    .addOption(
      choiceOf("--script <route>", "how boot scripts get in", ["none", "cloud-init", "virt-customize"]),
    )
    .option("--guest-agent", "QEMU's guest agent runs inside")
    .option("--clipboard", "SPICE's agent runs inside")
    .addOption(
      choice(
        "--profile <name>",
        "hardware that the guest knows; default: by what is known",
        hardwareProfile.options,
      ),
    )
    .addOption(choice("--disk-bus <bus>", "of its disks; default: the profile's", diskBus.options))
    .addOption(choice("--card <card>", "its network card", networkCard.options))
    .addOption(choice("--board <board>", "its board", machineBoard.options))
    .addOption(choice("--clock <time>", "what its hardware clock says", hardwareClock.options))
    .addOption(choice("--sound <card>", "its sound card", soundCard.options))
    .option("--hyperv", "Hyper-V's interfaces, for Windows with KVM")
    .option("--no-hyperv", "none, whatever the profile")
    .option("--extra-cd <file>", "a second CD, with drivers for example")
    .option(
      "--qemu-arg <argument>",
      "one more argument for QEMU, as it is; repeat it. For hosts with --allow-qemu-args",
      collectValues,
    );
}

function stdFirst(one: string, other: string): number {
  return Number(other === "std") - Number(one === "std");
}

/** @throws ConfigError `IMAGE_ENTRY` */
export function makeImageEntry(
  id: string,
  flags: ImageEntryFlags,
  boot: BootSource,
  known: KnownImage = {},
): ImageEntry {
  const memoryMb = flags.memory ?? known.memoryMb ?? DEFAULT_MEMORY_MB;
  const { diskGb, extraDisks, source } = known;
  const hardware = chooseEntryHardware(flags, known.hardware);
  return parseImageEntry({
    ...{ id, title: flags.title ?? id, description: flags.description ?? "" },
    memoryMb: { default: memoryMb, min: Math.min(memoryMb, MIN_MEMORY_MB) },
    cpus: { default: flags.cpus ?? known.cpus ?? 1, min: 1 },
    ...{ boot, arch: flags.arch, firmware: chooseEntryFirmware(flags, known.firmware) },
    ...{ display: flags.display, network: flags.network },
    displays: (flags.displays ?? []).flatMap((list) => list.split(",")).filter((one) => one !== ""),
    guest: { agent: flags.guestAgent ?? false, clipboard: flags.clipboard ?? false },
    ...{ script: flags.script, source },
    ...(typeof diskGb === "number" && { diskGb: { default: diskGb, min: diskGb } }),
    ...(hardware !== undefined && { hardware }),
    ...(extraDisks !== undefined && extraDisks.length > 0 && { extraDisks }),
    ...(flags.extraCd !== undefined && { extraCd: resolve(flags.extraCd) }),
    ...(flags.qemuArg !== undefined && { qemuArgs: flags.qemuArg }),
  });
}

/** Windows 11 requires Secure Boot and a TPM. */
function chooseEntryFirmware(
  { firmware, tpm, profile }: ImageEntryFlags,
  known: KnownImage["firmware"],
): ImageEntry["firmware"] {
  const isWindows11 = profile === "windows-11";
  const chosen = firmware ?? (isWindows11 ? "uefi-secure" : undefined);
  const { kind, secureBoot } =
    chosen === undefined
      ? (known ?? { kind: "bios" as const, secureBoot: false })
      : { kind: chosen === "bios" ? chosen : ("uefi" as const), secureBoot: chosen === "uefi-secure" };
  return { kind, secureBoot, tpm: tpm ?? isWindows11 };
}

/** Undefined: nothing is said, and nothing special is known. */
function chooseEntryHardware(
  { arch, profile, diskBus: disk, card, board, clock, sound, hyperv }: ImageEntryFlags,
  known: ImageHardware | undefined,
): ImageHardware | undefined {
  const own = {
    ...(disk !== undefined && { disk }),
    ...(card !== undefined && { card }),
    ...(board !== undefined && { board }),
    ...(clock !== undefined && { clock }),
    ...(sound !== undefined && { sound }),
    ...(hyperv !== undefined && { hyperv }),
  };
  // What is known is of PCs.
  const base = profile === undefined ? (arch === "x86_64" ? known : undefined) : { profile };
  if (base === undefined && Object.keys(own).length === 0) return undefined;
  return { profile: "linux", ...base, ...own };
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
  if (result.success) {
    const { keymap } = result.data;
    if (keymap === undefined || isKeymap(keymap)) return result.data;
    const text = `The image's entry is wrong at keymap: QEMU has no keyboard layout "${keymap}"`;
    throw new ConfigError("IMAGE_ENTRY", text);
  }
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new ConfigError("IMAGE_ENTRY", `The image's entry is wrong at ${where}: ${issue?.message ?? ""}`);
}
