import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import {
  chooseHardware,
  examineDisk,
  followImageLink,
  inspectUnknownFile,
  listReadFiles,
  measureImage,
} from "../../launcher/index.ts";
import { describeError, LaunchError } from "../../protocol/index.ts";
import { formatByteCount, printResult } from "../terminal/output.ts";
import { addImageFlags, openImageStore, type ImageFlags } from "./image-options.ts";

const EXAMPLES = `
Examples:
  postern image inspect ./unknown.vmdk           a file
  postern image inspect debian-desktop --data DIR    an image of this host

Ends with 1 if the file cannot be used. Nothing that the file leads to is opened.
`;

interface ImageInspection {
  readonly file: string;
  readonly format: string | null;
  readonly safe: boolean;
  readonly why?: string;
  readonly virtualBytes?: number;
  /** The system by the disk's first sectors; null: not recognised. */
  readonly system?: string | null;
  /** The hardware that an import would choose. */
  readonly profile?: string;
}

export function defineImageInspect(image: Command): void {
  addImageFlags(
    image
      .command("inspect")
      .argument("<id-or-file>")
      .description("what a file is by its content, and whether it is safe"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (what: string, flags: ImageFlags) => {
      const findings = await Promise.all((await listFiles(what, flags)).map(inspect));
      printResult(flags.json === true, findings, () => findings.map(formatInspection).join(""));
      if (findings.some(({ safe }) => !safe)) process.exitCode = 1;
    });
}

/** An argument is a path if it contains a slash or exists; otherwise it is an image's id. */
async function listFiles(what: string, flags: ImageFlags): Promise<string[]> {
  if (what.includes("/") || existsSync(what)) return [followImageLink(resolve(what))];
  return listReadFiles((await openImageStore(flags)).find(what));
}

async function inspect(file: string): Promise<ImageInspection> {
  try {
    const { format, why } = await inspectUnknownFile(file);
    if (why !== null) return { file, format, safe: false, why };
    if (format === null || format === "ova" || format === "other") return { file, format, safe: true };
    const signal = AbortSignal.timeout(60_000);
    const { virtualBytes } = await measureImage(file, format, signal);
    const { system } = await examineDisk({ file, format }, tmpdir(), signal);
    const profile = chooseHardware({ format, system, machine: null })?.profile ?? "linux";
    return { file, format, safe: true, virtualBytes, system: system.profile, profile };
  } catch (cause) {
    if (cause instanceof LaunchError) return { file, format: null, safe: false, why: cause.message };
    throw new LaunchError("IMAGE_UNREADABLE", `${file} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function formatInspection({ file, format, safe, why, virtualBytes, ...about }: ImageInspection): string {
  const { system = null, profile } = about;
  const guest = profile === undefined ? "" : `, system ${system ?? "not recognised"}, hardware ${profile}`;
  const size = virtualBytes === undefined ? "" : `, a disk of ${formatByteCount(virtualBytes)}`;
  return safe
    ? `${file}: ${format ?? "unknown"}${size}${guest}\n`
    : `${file}: cannot be used: ${why ?? ""}\n`;
}
