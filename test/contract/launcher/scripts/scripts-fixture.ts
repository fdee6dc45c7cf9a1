import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { MachineSpec } from "../../../../launcher/model/machine-spec.ts";
import { AbortableQueue } from "../../../../launcher/scripts/customize/abortable-queue.ts";
import {
  prepareScripts,
  type PreparedScripts,
  type ScriptTools,
} from "../../../../launcher/scripts/prepare-scripts.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

type ScriptedSpec = Parameters<typeof prepareScripts>[0];

const scriptTools: ScriptTools = {
  program: null,
  qemuImg: "/usr/bin/qemu-img",
  accel: "tcg",
  network: false,
  environment: { PATH: process.env["PATH"] },
  allowHosts: [],
  runAs: { kind: "self" },
  queue: new AbortableQueue(),
  onBegin: () => undefined,
  onProcess: () => undefined,
  signal: new AbortController().signal,
};

/** Folders of one test, and scripts prepared in them. */
export class ScriptsFixture {
  readonly cleanup = new CleanupStack();
  readonly folder: string;
  readonly scripts: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.scripts = path.join(folder, "scripts");
  }

  static async make(): Promise<ScriptsFixture> {
    const cleanup = new CleanupStack();
    const scriptsFixture = new ScriptsFixture(await cleanup.makeFolder());
    scriptsFixture.cleanup.add({ stop: () => cleanup.close() });
    await mkdir(scriptsFixture.scripts);
    return scriptsFixture;
  }

  machineFolder(id: string): string {
    return path.join(this.folder, id);
  }

  async prepare(
    scripts: readonly string[],
    spec: Partial<ScriptedSpec> & { readonly user?: string } = {},
    changed: Partial<ScriptTools> = {},
  ): Promise<PreparedScripts> {
    const id = spec.id ?? "m-42";
    await mkdir(this.machineFolder(id), { recursive: true });
    const boot: MachineSpec["boot"] = { kind: "iso", file: "/nowhere.iso" };
    const whole: ScriptedSpec = {
      ...{ id, name: "Lab 1", boot, master: false, scriptRoute: "cloud-init", scripts: [...scripts] },
      ...spec,
    };
    return prepareScripts(
      whole,
      { user: spec.user ?? "ada", sessionName: id, vm: "debian-desktop" },
      { machine: this.machineFolder(id), cache: path.join(this.folder, "cache"), scripts: this.scripts },
      { ...scriptTools, ...changed },
    );
  }
}
