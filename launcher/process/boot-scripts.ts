import type { Accel } from "../../protocol/index.ts";
import { join } from "node:path";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { LaunchContribution } from "./launch-extension.ts";
import { identifyProcess } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import type { QemuAccount } from "./qemu-account.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { checkScripts, type ScriptPolicy } from "../scripts/check-scripts.ts";
import { AbortableQueue } from "../scripts/customize/abortable-queue.ts";
import { prepareScripts, readPreparedScripts, readScripts } from "../scripts/prepare-scripts.ts";
import { seedArguments } from "../argv/boot-arguments.ts";

/** In the state folder: customized disks for the next machine. */
const CACHE = ".customized";
const DELAY_TEXT = "The boot script changes the machine's disk first. This takes a minute or two.";

export interface BootScriptsOptions {
  /** Null: boot scripts do not run on this host. */
  readonly policy: ScriptPolicy | null;
  readonly stateDir: string;
  readonly qemuImg: string | null;
  /** virt-customize; null: it is not installed. */
  readonly customizer: string | null;
  readonly account: QemuAccount;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The start that boot scripts are prepared for. */
export interface ScriptStartContext {
  readonly accel: Accel;
  readonly signal: AbortSignal;
  /** Reports why it takes long, in a sentence for people. */
  reportDelay(text: string): void;
  /** Registers a process that must end with the machine. */
  registerHelper(process: ProcessIdentity): void;
}

export interface BootScriptResult {
  /** The customized disk between the image and the machine's own; null: none. */
  readonly base: string | null;
  readonly contribution: LaunchContribution;
}

const NO_SCRIPTS: BootScriptResult = { base: null, contribution: {} };

/** The boot scripts of a host's machines. */
export class BootScripts {
  readonly #options: BootScriptsOptions;
  readonly #queue = new AbortableQueue();

  constructor(options: BootScriptsOptions) {
    this.#options = options;
  }

  /** @throws as {@link checkScripts} */
  check(spec: MachineSpec): void {
    checkScripts(spec, this.#options.policy, this.#options.customizer);
  }

  /** Prepares a machine's scripts before its disk is made. @throws LaunchError `SCRIPT_…` */
  async prepare(
    spec: MachineSpec,
    paths: MachinePaths,
    start: ScriptStartContext,
  ): Promise<BootScriptResult> {
    const { policy, stateDir, qemuImg, customizer, account, environment } = this.#options;
    if (readScripts(spec).length === 0 || qemuImg === null) return NO_SCRIPTS;
    // The host may have been restarted with other options since the machine was made.
    if (readPreparedScripts(paths.dir) === null) this.check(spec);
    await account.grantImages(spec);
    const { seed, base } = await prepareScripts(
      spec,
      { user: spec.owner, sessionName: spec.id, vm: spec.image },
      { machine: paths.dir, cache: join(stateDir, CACHE), scripts: policy?.folder ?? null },
      {
        ...{ program: customizer, qemuImg, environment, accel: start.accel, signal: start.signal },
        ...{ network: policy?.network ?? false, allowHosts: policy?.allowHosts ?? [] },
        ...{ runAs: account.runAs, queue: this.#queue },
        onBegin: () => {
          start.reportDelay(DELAY_TEXT);
        },
        onProcess: (pid) => {
          const identity = identifyProcess(pid);
          if (identity !== null) start.registerHelper(identity);
        },
      },
    );
    return {
      base: base ?? null,
      contribution: {
        arguments: seed === undefined ? [] : seedArguments(spec, seed),
        read: [seed, base].filter((file) => file !== undefined),
      },
    };
  }

  /** The value of `@CREDENTIAL@` for a machine; null: none of its scripts uses it. */
  readCredential(paths: MachinePaths): string | null {
    return readPreparedScripts(paths.dir)?.credential ?? null;
  }
}
