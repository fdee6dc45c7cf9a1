import { delimiter } from "node:path";
import { execa } from "execa";
import { describeError, LaunchError } from "../../../protocol/index.ts";
import type { BuildStep } from "./build-steps.ts";
import { childEnvironment } from "../../system/child-process.ts";

/** The Debian packages of the programs that a build runs. */
const PACKAGES: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  sfdisk: "fdisk",
  mformat: "mtools",
  mmd: "mtools",
  mcopy: "mtools",
  mke2fs: "e2fsprogs",
  syslinux: "syslinux",
  openssl: "openssl",
  "qemu-img": "qemu-utils",
};

/** Where mke2fs and sfdisk are, which an ordinary user's PATH may lack. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
const OUTPUT_TAIL = 2000;

/** All packages that a build needs, for one command that installs them. */
export const BUILD_PACKAGES = [
  ...new Set(Object.values(PACKAGES)),
  "uidmap",
  "syslinux-common",
  "systemd-boot-efi",
] as const;

interface BuildStepContext {
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** Called with each line of output. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs one step to its end.
 * @returns its standard output
 * @throws LaunchError `BUILD_PROGRAM` (not installed), `BUILD_FAILED`; the signal's reason when it was aborted
 */
export async function runBuildStep(step: BuildStep, context: BuildStepContext): Promise<string> {
  const { signal, workDir, onLine } = context;
  const path = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS].join(delimiter);
  const child = execa(step.program, [...step.args], {
    cwd: workDir,
    env: { ...childEnvironment(), PATH: path, LC_ALL: "C.UTF-8", MTOOLSRC: "/dev/null" },
    extendEnv: false,
    ...(step.input === undefined ? { stdin: "ignore" as const } : { input: step.input }),
    cancelSignal: signal,
    // mmdebstrap needs time for its clean-up.
    forceKillAfterDelay: 60_000,
    reject: false,
    all: true,
    maxBuffer: 10_000_000,
  });
  void readLines(child.all, onLine);
  const result = await child;
  if (!result.failed) return result.stdout;
  signal.throwIfAborted();
  if (result.code === "ENOENT") throw missing(step.program);
  const words = (result.all || describeError(result)).trim().slice(-OUTPUT_TAIL);
  throw new LaunchError("BUILD_FAILED", `"${step.title}" failed in ${step.program}:\n${words}`);
}

async function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split(/[\r\n]+/);
      rest = (lines.pop() ?? "").slice(-OUTPUT_TAIL);
      for (const one of lines) if (one.trim() !== "") onLine(one.trim());
    }
  } catch {
    // The program's end is told by its result.
  }
}

function missing(program: string): LaunchError {
  const text =
    `${program} is not installed (package ${PACKAGES[program] ?? program}). ` +
    `Install what builds need with:\n  apt install ${BUILD_PACKAGES.join(" ")}`;
  return LaunchError.public("BUILD_PROGRAM", text);
}
