import { join } from "node:path";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { Outfit } from "../process/outfit.ts";
import { identifyProcess, type ProcessIdentity } from "../process/proc-stat.ts";
import type { QemuAccount } from "../process/qemu-account.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { checkScripts } from "./check.ts";
import { WaitingLine } from "./customize/waiting-line.ts";
import type { ScriptPolicy } from "./policy.ts";
import { prepareScripts, readPrepared, readScripts } from "./prepare.ts";
import { seedArguments } from "./seed/seed.ts";

/** In the state folder: customized disks for the next machine. */
const CACHE = ".customized";
const PATIENCE = "The boot script changes the machine's disk first. This takes a minute or two.";

export interface BootScriptsOptions {
  /** Null: none run on this host. */
  readonly policy: ScriptPolicy | null;
  readonly stateDir: string;
  readonly qemuImg: string | null;
  /** virt-customize; null: it is not installed. */
  readonly customizer: string | null;
  readonly account: QemuAccount;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What of a start the scripts need to know, and whom they tell. */
export interface ScriptedStart {
  readonly accel: "kvm" | "tcg";
  readonly signal: AbortSignal;
  /** Why it takes long, in a sentence for people. */
  report(text: string): void;
  /** A process that shall end with the machine. */
  note(process: ProcessIdentity): void;
}

export interface ScriptedDisks {
  /** The changed disk that stands between the image and the machine's own; null: there is none. */
  readonly base: string | null;
  readonly outfit: Outfit;
}

const UNSCRIPTED: ScriptedDisks = { base: null, outfit: {} };

/** The boot scripts of a host's machines. */
export class BootScripts {
  readonly #options: BootScriptsOptions;
  readonly #line = new WaitingLine();

  constructor(options: BootScriptsOptions) {
    this.#options = options;
  }

  /** @throws as {@link checkScripts} */
  check(spec: MachineSpec): void {
    checkScripts(spec, this.#options.policy, this.#options.customizer);
  }

  /** Makes a machine's scripts ready before its disk is made. @throws LaunchError `SCRIPT_…` */
  async prepare(spec: MachineSpec, paths: MachinePaths, start: ScriptedStart): Promise<ScriptedDisks> {
    const { policy, stateDir, qemuImg, customizer, account, environment } = this.#options;
    if (readScripts(spec).length === 0 || qemuImg === null) return UNSCRIPTED;
    // The host may have been started anew with other flags since the machine was made.
    if ((await readPrepared(paths.dir)) === null) this.check(spec);
    await account.giveImages(spec);
    const { seed, base } = await prepareScripts(
      spec,
      { user: spec.owner, sessionName: spec.id, vm: spec.image },
      { machine: paths.dir, cache: join(stateDir, CACHE), scripts: policy?.folder ?? null },
      {
        ...{ program: customizer, qemuImg, environment, accel: start.accel, signal: start.signal },
        ...{ network: policy?.network ?? false, allowHosts: policy?.allowHosts ?? [] },
        ...{ runAs: account.runAs, line: this.#line },
        onBegin: () => {
          start.report(PATIENCE);
        },
        onProcess: (pid) => {
          const identity = identifyProcess(pid);
          if (identity !== null) start.note(identity);
        },
      },
    );
    return {
      base: base ?? null,
      outfit: {
        arguments: seed === undefined ? [] : seedArguments(seed),
        read: [seed, base].filter((file) => file !== undefined),
      },
    };
  }

  /** What `@CREDENTIAL@` is for a machine; null: no script of it wanted one. */
  async readCredential(paths: MachinePaths): Promise<string | null> {
    return (await readPrepared(paths.dir))?.credential ?? null;
  }
}
