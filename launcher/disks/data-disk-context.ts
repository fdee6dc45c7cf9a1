import type { Clock } from "../../protocol/index.ts";
import type { DiskHolder } from "./disk-rules.ts";
import type { LocalDiskStore } from "./local-disk-store.ts";

/** What work on data disks needs. */
export interface DataDiskContext {
  readonly store: LocalDiskStore;
  /** The program; null: it is not installed. */
  readonly qemuImg: string | null;
  /** GiB of all disks of one owner here. */
  readonly quotaGb: number;
  /** The machines that have a disk now. */
  readonly holders: () => readonly DiskHolder[];
  /** Bytes free where the disks lie. */
  readonly freeBytes: () => number;
  readonly clock: Clock;
}
