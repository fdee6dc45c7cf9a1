import { dirname } from "node:path";
import type { Logger } from "pino";
import { describeError, LaunchError, type Clock, type DiskRef } from "../../../protocol/index.ts";
import { takeBackFile } from "../../system/account-files.ts";
import type { RunAs } from "../../system/system-account.ts";
import type { LaunchExtension } from "../launch-extension.ts";
import { dataDiskArguments } from "../../argv/data-disk-arguments.ts";
import { prepareDiskContent } from "../../disks/disk-content.ts";
import type { LocalDiskStore } from "../../disks/local-disk-store.ts";

export interface DataDiskExtensionOptions {
  readonly store: LocalDiskStore;
  /** The program; null: it is not installed. */
  readonly qemuImg: string | null;
  readonly runAs: RunAs;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Gives a machine its data disk at each start; the disk was reserved before. The machines' records say which one has a
 * disk: `release` only takes back the file, which QEMU's account owns meanwhile.
 */
export function dataDiskExtension({
  store,
  qemuImg,
  runAs,
  clock,
  log,
}: DataDiskExtensionOptions): LaunchExtension {
  const takeBack = async (id: string, ref: DiskRef): Promise<void> => {
    try {
      await takeBackFile(runAs, store.fileOf(ref));
      // A transfer may have begun meanwhile.
      const record = store.find(ref);
      if (record?.givenTo !== id) return;
      const { givenTo: _given, ...rest } = record;
      store.save(rest);
    } catch (error) {
      const fields = { event: "disk.not-back", machine: id, why: describeError(error) };
      log.warn(fields, "a data disk could not be taken back from the account of machines");
    }
  };
  return {
    async prepare(spec) {
      const { id, owner, dataDisk } = spec;
      if (dataDisk === undefined) return {};
      const record = store.find({ owner, name: dataDisk.name });
      if (qemuImg === null || record === undefined)
        throw new LaunchError("DISK_FAILED", "the data disk was not reserved, or there is no qemu-img");
      const file = await prepareDiskContent(qemuImg, store, record);
      const standing = record.standing.state === "new" ? ({ state: "here" } as const) : record.standing;
      store.save({ ...record, standing, usedAt: clock.now(), givenTo: id });
      const slot = dirname(file);
      return {
        arguments: dataDiskArguments(spec, file, dataDisk.name),
        written: [file],
        traversableFolders: [dirname(slot), slot],
      };
    },
    async release({ id }) {
      // By the disks' own records: a machine's may be damaged.
      for (const { owner, name } of store.records().filter(({ givenTo }) => givenTo === id))
        await takeBack(id, { owner, name });
    },
  };
}
