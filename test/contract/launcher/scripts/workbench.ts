import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { MachineSpec } from "../../../../launcher/spec/machine-spec.ts";
import { WaitingLine } from "../../../../launcher/scripts/customize/waiting-line.ts";
import { prepareScripts, type PreparedScripts } from "../../../../launcher/scripts/index.ts";
import type { ScriptTools } from "../../../../launcher/scripts/prepare.ts";
import { Owner } from "../../../support/owner.ts";

type Scripted = Parameters<typeof prepareScripts>[0];

export const tools: ScriptTools = {
  program: null,
  qemuImg: "/usr/bin/qemu-img",
  accel: "tcg",
  network: false,
  environment: { PATH: process.env["PATH"] },
  allowHosts: [],
  runAs: { kind: "self" },
  line: new WaitingLine(),
  onBegin: () => undefined,
  onProcess: () => undefined,
  signal: new AbortController().signal,
};

/** Folders of one test, and scripts prepared in them. */
export class Workbench {
  readonly owner = new Owner();
  readonly folder: string;
  readonly scripts: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.scripts = path.join(folder, "scripts");
  }

  static async make(): Promise<Workbench> {
    const owner = new Owner();
    const workbench = new Workbench(await owner.makeFolder());
    workbench.owner.own({ stop: () => owner.close() });
    await mkdir(workbench.scripts);
    return workbench;
  }

  machineFolder(id: string): string {
    return path.join(this.folder, id);
  }

  async prepare(
    scripts: readonly string[],
    spec: Partial<Scripted> & { readonly user?: string } = {},
    changed: Partial<ScriptTools> = {},
  ): Promise<PreparedScripts> {
    const id = spec.id ?? "m-42";
    await mkdir(this.machineFolder(id), { recursive: true });
    const boot: MachineSpec["boot"] = { kind: "iso", file: "/nowhere.iso" };
    const whole: Scripted = {
      ...{ id, name: "Lab 1", boot, master: false, scriptRoute: "cloud-init", scripts: [...scripts] },
      ...spec,
    };
    return prepareScripts(
      whole,
      { user: spec.user ?? "ada", sessionName: id, vm: "debian-desktop" },
      { machine: this.machineFolder(id), cache: path.join(this.folder, "cache"), scripts: this.scripts },
      { ...tools, ...changed },
    );
  }
}
