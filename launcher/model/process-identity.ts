import { z } from "zod";

/** A process that cannot be mistaken for another with the same number, even after a restart of the host. */
export const processIdentity = z.object({
  pid: z.number().int().positive(),
  /** Clock ticks between the kernel's start and the process's. */
  startTicks: z.number().int().nonnegative(),
  /** Changes at every start of the kernel. */
  bootId: z.string().max(64),
});

export type ProcessIdentity = z.infer<typeof processIdentity>;
