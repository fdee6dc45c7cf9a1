import { z } from "zod";
import { LaunchError, TimeoutError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { QmpClient } from "./qmp-client.ts";

/** QEMU runs long work as jobs, which stay in its list until they are dismissed. */

const POLL_MS = 50;
const JOB = "postern";

const jobs = z.array(z.object({ id: z.string(), status: z.string(), error: z.string().optional() }));
type Job = z.infer<typeof jobs>[number];

/**
 * Runs one job to its end, however long it takes.
 * @throws LaunchError `QMP_REFUSED` with QEMU's text, PeerClosed `QMP_CLOSED`
 */
export async function runJob(
  qmp: QmpClient,
  clock: Clock,
  { command, args }: { readonly command: string; readonly args: Readonly<Record<string, unknown>> },
): Promise<void> {
  await qmp.execute(command, { "job-id": JOB, ...args }).catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
  });
  await settleJob(qmp, JOB, clock);
}

/** Waits for jobs that an earlier launcher began; their result does not matter. */
export async function settleJobs(qmp: QmpClient, clock: Clock): Promise<void> {
  for (const { id } of await listJobs(qmp)) await settleJob(qmp, id, clock).catch(ignoreRefusal);
}

async function settleJob(qmp: QmpClient, id: string, clock: Clock): Promise<void> {
  for (;;) {
    const job = (await listJobs(qmp)).find((one) => one.id === id);
    if (job === undefined) return;
    if (job.status === "concluded") {
      await qmp.execute("job-dismiss", { id });
      if (job.error !== undefined) throw new LaunchError("QMP_REFUSED", `QEMU refused: ${job.error}`);
      return;
    }
    await delay(POLL_MS, clock);
  }
}

async function listJobs(qmp: QmpClient): Promise<Job[]> {
  return jobs.parse(await retryOnTimeout(() => qmp.execute("query-jobs")));
}

/** QEMU does not answer while it writes a memory. */
async function retryOnTimeout(query: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await query();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof LaunchError)) throw error;
}
