import { z } from "zod";
import { diskCopy } from "../../protocol/index.ts";

/** GET /disks → people's data disks: one's own, or all of them for administrators. DELETE /disks/OWNER/NAME → 204. */
export const disk = diskCopy
  .pick({ owner: true, name: true, sizeGb: true, bytes: true, usedAt: true })
  .extend({
    /** `travelling`: in transfer from one host to another. */
    state: z.enum(["here", "travelling"]),
    /** The machine that has it now. */
    machine: z.string().nullable(),
    /** The host that stores it; null for users. */
    host: z.string().nullable(),
  });
export type Disk = z.infer<typeof disk>;

/** POST /disks/OWNER/NAME/move → 202: to another host, by its name. Administrators only. */
export const diskMoveRequest = z.object({ host: z.string().min(1).max(64) });
