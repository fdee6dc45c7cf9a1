import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WorkProgress } from "../progress.ts";
import { findMirrors, listSources, type Mirrors } from "./apt-sources.ts";
import { listGuestFiles, type GuestFile } from "./guest-files.ts";
import { describePartitions, planDiskLayout } from "./disk-layout.ts";
import { runBuildStep } from "./run-step.ts";
import type { Recipe } from "./recipe.ts";
import { listBootLoaderFiles, listBuildSteps, WORK_FILES, type BuildInputs } from "./build-steps.ts";
import { imageEntry, type ImageEntry } from "../../../protocol/index.ts";

export interface BuildOptions {
  readonly recipe: Recipe;
  /** More packages than the recipe's. */
  readonly packages: readonly string[];
  readonly user: string;
  readonly password: string;
  /** XKB's name of a layout: `us`, `fr`, … */
  readonly keyboard: string;
  /** Debian's archive; null: where this host installs from. */
  readonly mirror: string | null;
  readonly sizeGb: number;
  /** The finished qcow2 file. Its folder is the work folder too, and needs space for the whole tree. */
  readonly target: string;
  readonly onProgress: (progress: WorkProgress) => void;
  readonly signal: AbortSignal;
}

/** Approximate number of mmdebstrap's output lines: progress is derived from it. */
const BOOTSTRAP_LINES = 2800;
/** Each step's share of the whole work, in percent. */
const SHARES: Readonly<Record<string, number>> = {
  "Install the packages": 70,
  "Make the disk": 1,
  "Make it start by itself": 4,
  "Make the file system": 10,
  "Pack the image": 15,
};

/**
 * Builds a bootable image from packages; a failed build leaves nothing behind.
 * @throws LaunchError `BUILD_PROGRAM`, `BUILD_FAILED`; the signal's reason
 */
export async function buildImage(options: BuildOptions): Promise<void> {
  const folder = dirname(options.target);
  const workDir = await mkdtemp(join(folder, ".build-"));
  const isRoot = process.getuid?.() === 0;
  try {
    // Without root the tree has other user ids. The folder around it keeps other accounts out.
    if (!isRoot) await chmod(workDir, 0o777);
    const inputs = await prepare(options, workDir, isRoot);
    await runAll(inputs, options);
    await rename(join(workDir, WORK_FILES.image), options.target);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function prepare(options: BuildOptions, workDir: string, isRoot: boolean): Promise<BuildInputs> {
  const { recipe, signal } = options;
  const mirrors = await readMirrors();
  const archive = options.mirror ?? mirrors.archive;
  const sources = listSources(recipe.suite, recipe.components, { ...mirrors, archive });
  const ids = { disk: randomUUID(), esp: randomUUID(), root: randomUUID() };
  const layout = planDiskLayout(options.sizeGb);
  const kernelArguments = `root=PARTUUID=${ids.root} ro ${recipe.kernelArguments}`;
  const passwordHash = await hashPassword(options.password, workDir, signal);
  const choices = { user: options.user, keyboard: options.keyboard, passwordHash, sources };
  const files = listGuestFiles(recipe, { ...choices, espId: ids.esp, rootId: ids.root });
  await writeOverlay(join(workDir, WORK_FILES.overlay), files);
  for (const [name, text] of Object.entries(listBootLoaderFiles(recipe.title, kernelArguments)))
    await writeFile(join(workDir, name), text);
  await writeFile(join(workDir, WORK_FILES.disk), "", { mode: 0o600 });
  if (!isRoot) await chmod(join(workDir, WORK_FILES.disk), 0o666);
  return {
    recipe,
    packages: options.packages,
    sources,
    layout,
    isRoot,
    kernelArguments,
    workDir,
    partitions: describePartitions(layout, ids),
    rootFileSystemId: randomUUID(),
  };
}

async function runAll(inputs: BuildInputs, { onProgress, signal }: BuildOptions): Promise<void> {
  const steps = listBuildSteps(inputs);
  let done = 0;
  for (const step of steps) {
    const share = (SHARES[step.title] ?? 0) / steps.filter(({ title }) => title === step.title).length / 100;
    let lines = 0;
    onProgress({ title: step.title, fraction: done });
    await runBuildStep(step, {
      workDir: inputs.workDir,
      signal,
      onLine: (note) => {
        lines += 1;
        onProgress({
          title: step.title,
          fraction: done + share * Math.min(1, lines / BOOTSTRAP_LINES),
          note,
        });
      },
    });
    done += share;
  }
  onProgress({ title: "Done", fraction: 1 });
}

async function writeOverlay(root: string, files: readonly GuestFile[]): Promise<void> {
  await mkdir(root, { mode: 0o755 });
  for (const { path, mode, text } of files) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, text, { mode });
    await chmod(file, mode);
  }
  // What unpacks over the image's own folders must not change their modes.
  await chmod(join(root, "root"), 0o700);
}

/** On standard input: the password is in no argument list. */
async function hashPassword(password: string, workDir: string, signal: AbortSignal): Promise<string> {
  const args = ["passwd", "-6", "-stdin"];
  const step = { title: "Hash the password", program: "openssl", args, input: `${password}\n` };
  return (await runBuildStep(step, { workDir, signal, onLine: () => undefined })).trim();
}

async function readMirrors(): Promise<Mirrors> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const files = ["/etc/apt/sources.list", ...names.sort().map((name) => join(folder, name))];
  return findMirrors(await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => ""))));
}

/** The catalogue's entry of an image that a recipe made. */
export function describeBuiltImage(recipe: Recipe, id: string, sizeGb: number, file: string): ImageEntry {
  const { title, description, image } = recipe;
  return imageEntry.parse({
    id,
    title,
    description,
    ...image,
    diskGb: { default: sizeGb, min: sizeGb },
    boot: { kind: "disk", format: "qcow2", file },
  });
}
