import { isAbsolute } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { LaunchError, type DiskFormat } from "../../protocol/index.ts";
import { childEnvironment, type Command } from "../system/child-process.ts";

/** Address space: an image must not make qemu-img fill the host. */
const QEMU_IMG_MEMORY_BYTES = 4 * 1024 * 1024 * 1024;
/** Processor time of a conversion, in seconds. */
const QEMU_IMG_CPU_S = 7200;
/** A conversion, in real time. */
const QEMU_IMG_MS = 21_600_000;
/** A question about an image. */
const QEMU_IMG_INFO_MS = 30_000;
/** The largest disk that an image may claim to be. */
const MAX_VIRTUAL_BYTES = 16 * 1024 * 1024 * 1024 * 1024;

const OUT_OF_SPACE = /File too large|No space left on device|Disk quota exceeded/i;

interface QemuImgOptions {
  readonly signal: AbortSignal;
  readonly onFraction?: (fraction: number) => void;
  /** The most that it may write into one file. */
  readonly maxFileBytes?: number;
}

const imageInfo = z.object({ "virtual-size": z.number(), "actual-size": z.number() });
interface ImageSize {
  readonly virtualBytes: number;
  /** On the host's disk. */
  readonly actualBytes: number;
}

/** A checked file as an argument: an absolute path is neither an option nor a protocol nor `json:`. */
function fileArgument(file: string): string {
  if (!isAbsolute(file) || file.includes("\0")) throw new Error(`not an absolute path: ${file}`);
  return file;
}

export interface QemuImgRun {
  readonly signal?: AbortSignal | undefined;
  /** With `-p` alone: progress, 0 to 1. */
  readonly onFraction?: ((fraction: number) => void) | undefined;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
}

interface QemuImgResult {
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly shortMessage?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** The system's error code if the program could not be started. */
  readonly code?: string | undefined;
}

/**
 * Runs qemu-img, directly or through a program that limits it, with the environment for children. Never rejects: each
 * caller reports a failure in its own words.
 */
export async function runQemuImg(
  { program, args }: Command,
  options: QemuImgRun = {},
): Promise<QemuImgResult> {
  const { signal, onFraction, timeoutMs, maxOutputBytes } = options;
  const child = execa(program, args, {
    stdin: "ignore",
    // Some callers search its messages for English words.
    env: { ...childEnvironment(), LC_ALL: "C.UTF-8" },
    extendEnv: false,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(maxOutputBytes === undefined ? {} : { maxBuffer: maxOutputBytes }),
  });
  child.stdout.on("data", (chunk: Buffer) => {
    const fraction = readQemuImgProgress(chunk.toString("latin1"));
    if (fraction !== undefined) onFraction?.(fraction);
  });
  return child;
}

/** What qemu-img wrote to standard error, or why it did not run. */
export function describeFailure({ stderr, shortMessage }: QemuImgResult): string {
  return stderr || (shortMessage ?? "");
}

/** @throws LaunchError `QEMU_IMG_FAILED`, `IMAGE_TOO_LARGE` */
export async function measureImage(
  file: string,
  format: DiskFormat,
  signal: AbortSignal,
): Promise<ImageSize> {
  const args = ["info", "--output=json", "-f", format, fileArgument(file)];
  const output = await run(args, QEMU_IMG_INFO_MS, { signal });
  const info = imageInfo.parse(JSON.parse(output));
  const virtualBytes = info["virtual-size"];
  if (virtualBytes > MAX_VIRTUAL_BYTES) {
    const text = `The image says that its disk has ${Math.round(virtualBytes / 2 ** 30)} GiB; that is too much.`;
    throw LaunchError.public("IMAGE_TOO_LARGE", text);
  }
  return { virtualBytes, actualBytes: info["actual-size"] };
}

/** `raw` may be a device. @throws LaunchError `QEMU_IMG_FAILED`, `IMAGE_NO_SPACE` */
export async function convertImage(
  source: { readonly file: string; readonly format: DiskFormat | "host_device" },
  target: string,
  compress: boolean,
  options: QemuImgOptions,
): Promise<void> {
  const flags = [
    "-p",
    "-f",
    source.format,
    "-O",
    "qcow2",
    ...(compress ? ["-c", "-o", "compression_type=zstd"] : []),
  ];
  await run(["convert", ...flags, fileArgument(source.file), fileArgument(target)], QEMU_IMG_MS, options);
}

/** Copies the beginning of a disk, in sectors of 512 bytes, into a raw file. @throws LaunchError `QEMU_IMG_FAILED` */
export async function copyDiskHead(
  source: { readonly file: string; readonly format: DiskFormat },
  target: string,
  sectors: number,
  signal: AbortSignal,
): Promise<void> {
  const files = [`if=${fileArgument(source.file)}`, `of=${fileArgument(target)}`];
  const args = ["dd", "-f", source.format, "-O", "raw", "bs=512", `count=${sectors}`, ...files];
  await run(args, QEMU_IMG_INFO_MS, { signal });
}

/** @throws LaunchError `QEMU_IMG_FAILED` */
export async function growImage(file: string, bytes: number, signal: AbortSignal): Promise<void> {
  await run(["resize", "-q", "-f", "qcow2", fileArgument(file), String(bytes)], QEMU_IMG_INFO_MS, { signal });
}

async function run(args: readonly string[], timeoutMs: number, options: QemuImgOptions): Promise<string> {
  const { signal, onFraction, maxFileBytes } = options;
  const limits = [`--as=${QEMU_IMG_MEMORY_BYTES}`, `--cpu=${QEMU_IMG_CPU_S}`, "--core=0"];
  if (maxFileBytes !== undefined) limits.push(`--fsize=${Math.max(0, Math.floor(maxFileBytes))}`);
  const command = { program: "prlimit", args: [...limits, "qemu-img", ...args] };
  const result = await runQemuImg(command, { signal, onFraction, timeoutMs, maxOutputBytes: 1_000_000 });
  if (!result.failed) return result.stdout;
  signal.throwIfAborted();
  if (result.code === "ENOENT" || result.exitCode === 127) {
    const text = "qemu-img or prlimit is not installed. Install them with: apt install qemu-utils util-linux";
    throw LaunchError.public("QEMU_IMG_FAILED", text);
  }
  // The limit of the file's size is what is free.
  if (result.signal === "SIGXFSZ" || OUT_OF_SPACE.test(result.stderr)) throw noSpaceError(result.stderr);
  const why = result.timedOut ? "it took too long" : describeEnd(result.signal, describeFailure(result));
  throw new LaunchError("QEMU_IMG_FAILED", `qemu-img ${args[0] ?? ""} failed: ${why}`, {
    safeMessage: "The image could not be converted. Its file may be damaged, or the host's disk full.",
  });
}

/** An image does not fit on the disk of the images folder. */
export function noSpaceError(cause?: unknown): LaunchError {
  const text = "There is not enough room for the image: the disk of the images folder would be full.";
  return LaunchError.public("IMAGE_NO_SPACE", text, { cause });
}

function describeEnd(signal: string | undefined, words: string): string {
  if (signal === "SIGXCPU") return "it needed too much processor time";
  return words.trim();
}

/** The progress in the output of `qemu-img -p`, 0 to 1; undefined: this piece of output has none. */
export function readQemuImgProgress(output: string): number | undefined {
  const [, percent] = [...output.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1) ?? [];
  return percent === undefined ? undefined : Number(percent) / 100;
}
