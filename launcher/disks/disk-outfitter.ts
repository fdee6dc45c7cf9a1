import { LaunchError, type Clock } from "../../protocol/index.ts";
import type { Outfitter } from "../process/outfit.ts";
import { dataDiskArguments } from "./disk-arguments.ts";
import { readyContent } from "./disk-content.ts";
import type { DiskShelf } from "./disk-shelf.ts";

/** Gives a machine its data disk at each start; the disk was reserved before. */
export function dataDiskOutfitter(shelf: DiskShelf, qemuImg: string | null, clock: Clock): Outfitter {
  return {
    async prepare({ owner, dataDisk }) {
      if (dataDisk === undefined) return {};
      const record = shelf.find({ owner, name: dataDisk.name });
      if (qemuImg === null || record === undefined)
        throw new LaunchError("DISK_FAILED", "the data disk was not reserved, or there is no qemu-img");
      const file = await readyContent(qemuImg, shelf, record);
      const standing = record.standing.state === "new" ? ({ state: "here" } as const) : record.standing;
      shelf.keep({ ...record, standing, usedAt: clock.now() });
      return { arguments: dataDiskArguments(file, dataDisk.name) };
    },
    // Who has a disk is known by the machines themselves: there is nothing to give back.
    release: () => Promise.resolve(),
  };
}
