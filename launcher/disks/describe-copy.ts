import type { DiskCopy } from "../../protocol/index.ts";
import { countBytes } from "./disk-content.ts";
import { diskKey, type DiskRecord } from "./disk-record.ts";
import type { DiskHolder } from "./disk-rules.ts";
import type { LocalDiskStore } from "./local-disk-store.ts";

/** A copy, as the server may know it. */
export async function describeDiskCopy(
  shelf: LocalDiskStore,
  record: DiskRecord,
  holders: readonly DiskHolder[],
): Promise<DiskCopy> {
  const { owner, name, sizeGb, usedAt, standing } = record;
  const holder = holders.find((one) => diskKey(one) === diskKey(record));
  return {
    ...{ owner, name, sizeGb, usedAt, state: standing.state },
    bytes: await countBytes(shelf.fileOf(record)),
    ...(holder === undefined ? {} : { machine: holder.machine }),
    ...("journey" in standing && standing.journey !== undefined ? { journey: standing.journey } : {}),
    ...("partner" in standing ? { partner: standing.partner } : {}),
    ...(standing.state === "leaving" && standing.sha256 !== undefined ? { sha256: standing.sha256 } : {}),
  };
}
