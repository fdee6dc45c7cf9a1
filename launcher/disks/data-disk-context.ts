import type { Clock, DiskCopy } from "../../protocol/index.ts";
import type { DiskHolder } from "./disk-rules.ts";
import type { LocalDiskStore } from "./local-disk-store.ts";
import { countBytes } from "./disk-content.ts";
import { diskKey, type DiskRecord } from "./disk-record.ts";

/** What work on data disks needs. */
export interface DataDiskContext {
  readonly store: LocalDiskStore;
  /** The program; null: it is not installed. */
  readonly qemuImg: string | null;
  /** GiB of all disks of one owner here. */
  readonly quotaGb: number;
  /** The machines that have a disk now. */
  readonly holders: () => readonly DiskHolder[];
  /** Bytes free on the file system of the disks. */
  readonly freeBytes: () => number;
  readonly clock: Clock;
}

/** A copy in the form that the server gets. */
export async function describeDiskCopy(
  store: LocalDiskStore,
  record: DiskRecord,
  holders: readonly DiskHolder[],
): Promise<DiskCopy> {
  const { owner, name, sizeGb, usedAt, standing } = record;
  const holder = holders.find((one) => diskKey(one) === diskKey(record));
  return {
    owner,
    name,
    sizeGb,
    usedAt,
    state: standing.state,
    bytes: await countBytes(store.fileOf(record)),
    ...(holder === undefined ? {} : { machine: holder.machine }),
    ...("journey" in standing && standing.journey !== undefined ? { journey: standing.journey } : {}),
    ...("partner" in standing ? { partner: standing.partner } : {}),
    ...(standing.state === "leaving" && standing.sha256 !== undefined ? { sha256: standing.sha256 } : {}),
  };
}
