import type { Clock } from "../../protocol/index.ts";
import type { DiskHolder } from "./disk-rules.ts";
import type { DiskShelf } from "./disk-shelf.ts";

/** What work on data disks needs. */
export interface DiskBench {
  readonly shelf: DiskShelf;
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
