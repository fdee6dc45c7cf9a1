import { z } from "zod";
import type { Clock } from "../../protocol/index.ts";
import type { SnapshotNode } from "../model/snapshot-nodes.ts";
import { imageInfo, type SnapshotInfo } from "../disks/machine-disks.ts";
import { plugClipboard, unplugClipboard } from "../qmp/clipboard.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import { runJob, settleJobs } from "../qmp/qmp-jobs.ts";
import { runStatus } from "../qmp/qmp-messages.ts";

const namedNodes = z.array(z.object({ "node-name": z.string(), image: imageInfo }));

export interface QemuSessionOptions {
  /** What a snapshot holds; its memory goes to the first. */
  readonly nodes: readonly SnapshotNode[];
  readonly hasClipboard: boolean;
  readonly clock: Clock;
}

/** A running QEMU, by its control socket. All methods reject with the socket's errors. */
export class QemuSession {
  readonly qmp: QmpClient;
  readonly #nodes: readonly SnapshotNode[];
  readonly #hasClipboard: boolean;
  readonly #clock: Clock;

  constructor(qmp: QmpClient, { nodes, hasClipboard, clock }: QemuSessionOptions) {
    this.qmp = qmp;
    this.#nodes = nodes;
    this.#hasClipboard = hasClipboard;
    this.#clock = clock;
  }

  /** Brings a new or adopted QEMU into a known state. */
  async initialize(): Promise<void> {
    await settleJobs(this.qmp, this.#clock);
    if (this.#hasClipboard) await plugClipboard(this.qmp);
  }

  /** QEMU's run state: `running`, `paused`, `prelaunch`, `io-error`, … */
  async readStatus(): Promise<string> {
    return runStatus.parse(await this.qmp.execute("query-status")).status;
  }

  async pause(): Promise<void> {
    await this.qmp.execute("stop");
  }

  async resume(): Promise<void> {
    await this.qmp.execute("cont");
  }

  async reset(): Promise<void> {
    await this.qmp.execute("system_reset");
  }

  /** Disks and memory, under a tag. The guest is halted meanwhile; an older snapshot with this tag is replaced. */
  async takeSnapshot(tag: string): Promise<void> {
    await this.dropSnapshot(tag);
    await this.#withoutClipboard(() => this.#run("snapshot-save", tag, this.#vmstate));
  }

  /** Goes back to a snapshot. A running guest runs on from there; a halted one stays halted. */
  async loadSnapshot(tag: string): Promise<void> {
    await this.#withoutClipboard(() => this.#run("snapshot-load", tag, this.#vmstate));
  }

  async dropSnapshot(tag: string): Promise<void> {
    await this.#run("snapshot-delete", tag, {});
  }

  async listSnapshots(): Promise<SnapshotInfo[]> {
    const nodes = namedNodes.parse(await this.qmp.execute("query-named-block-nodes", { flat: true }));
    const first = this.#nodes[0];
    return nodes.find((node) => node["node-name"] === first?.name)?.image.snapshots ?? [];
  }

  get #vmstate(): Readonly<Record<string, unknown>> {
    return { vmstate: this.#nodes[0]?.name };
  }

  #run(command: string, tag: string, more: Readonly<Record<string, unknown>>): Promise<void> {
    const devices = this.#nodes.map((node) => node.name);
    return runJob(this.qmp, this.#clock, { command, args: { tag, devices, ...more } });
  }

  async #withoutClipboard(work: () => Promise<void>): Promise<void> {
    if (!this.#hasClipboard) {
      await work();
      return;
    }
    await unplugClipboard(this.qmp, this.#clock);
    try {
      await work();
    } finally {
      await plugClipboard(this.qmp);
    }
  }
}
