import { z } from "zod";
import { imageSummary } from "../../protocol/index.ts";

/**
 * GET /images → image[]: the server's images and all hosts' catalogues, merged by id; those that are not for the caller
 * are left out. `places` is for administrators.
 */
export const image = imageSummary.extend({
  places: z
    .object({
      /** Null: the server does not have it. */
      server: z.enum(["ready", "preparing", "unusable"]).nullable(),
      /** Names of the hosts that have its current version. */
      hosts: z.array(z.string()),
    })
    .optional(),
});
export type Image = z.infer<typeof image>;
