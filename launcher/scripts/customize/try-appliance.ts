import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Accel } from "../../../protocol/index.ts";
import { runQemuImg } from "../../images/qemu-img.ts";
import { grantTraversal } from "../../system/account-files.ts";
import { type RunAs, runAsAccount } from "../../system/system-account.ts";
import { applianceEnvironment } from "./customize-disk.ts";
import { giveWorkFolder } from "./work-folder-ownership.ts";

export type ApplianceTrial =
  | { readonly kind: "works" }
  /** @property words the line that says most, in the program's own words */
  | { readonly kind: "failed"; readonly words: string }
  | { readonly kind: "slow" };

interface TrialOptions {
  readonly virtCustomize: string;
  readonly qemuImg: string;
  readonly accel: Accel;
  readonly runAs: RunAs;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly scratchDir: string;
  readonly timeoutMs?: number;
}

/** By emulation the appliance takes about a minute. */
const TRIAL_MS = 180_000;
/** What virt-customize says of an empty disk once its appliance runs. */
const NO_SYSTEM = /no operating systems? (was|were) found/;
/** Lines of its debug output that say why something failed, the most telling kind first. */
const TELLING = [
  /^(?:tar|cp|mke2fs|supermin|qemu-system-\w+): .*(?:cannot|failed|denied|not permitted|could not|no such)/i,
  /error:/,
  /\S/,
];

/**
 * Starts virt-customize's appliance over an empty disk, as it would be started for a boot script: the same account and the same
 * environment, so that what would stop a script stops this.
 */
export async function tryAppliance(options: TrialOptions): Promise<ApplianceTrial> {
  const { virtCustomize, qemuImg, runAs, scratchDir, timeoutMs = TRIAL_MS } = options;
  const folder = await mkdtemp(join(scratchDir, "appliance-"));
  try {
    const disk = join(folder, "disk.qcow2");
    const made = await runQemuImg({ program: qemuImg, args: ["create", "-q", "-f", "qcow2", disk, "64M"] });
    if (made.failed) return { kind: "failed", words: findTellingLine(made.stderr) };
    await grantTraversal(runAs, [scratchDir]);
    if (runAs.kind === "account") await giveWorkFolder(folder, runAs.account);
    const args = ["--format", "qcow2", "--add", disk, "--no-network", "--touch", "/tried"];
    const command = runAsAccount({ program: virtCustomize, args }, runAs);
    const { stdout, stderr, timedOut, failed } = await execa(command.program, command.args, {
      reject: false,
      stdin: "ignore",
      timeout: timeoutMs,
      extendEnv: false,
      cwd: folder,
      env: { ...applianceEnvironment(options, folder), LIBGUESTFS_DEBUG: "1" },
    });
    const words = `${stdout}\n${stderr}`;
    if (!failed || NO_SYSTEM.test(words)) return { kind: "works" };
    return timedOut ? { kind: "slow" } : { kind: "failed", words: findTellingLine(words) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The line of libguestfs's debug output that says why it failed. */
function findTellingLine(words: string): string {
  const lines = words.split("\n").map((line) => line.trim());
  for (const kind of TELLING) {
    const line = lines.findLast((candidate) => kind.test(candidate));
    if (line !== undefined) return line.slice(0, 300).replace(/\.$/, "");
  }
  return "it said nothing";
}
