import { z } from "zod";
import { LaunchError, TimeoutError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { QmpClient } from "./qmp-client.ts";

/** QEMU's long work runs as jobs that stay in its list until somebody takes note of their end. */

const LOOK_EVERY_MS = 50;
const JOB = "postern";

const jobs = z.array(z.object({ id: z.string(), status: z.string(), error: z.string().optional() }));
type Job = z.infer<typeof jobs>[number];

/**
 * Runs one job to its end, however long it takes.
 * @throws LaunchError `QMP_REFUSED` with QEMU's words, PeerClosed `QMP_CLOSED`
 */
export async function runJob(
  qmp: QmpClient,
  command: string,
  args: Readonly<Record<string, unknown>>,
  clock: Clock,
): Promise<void> {
  await qmp.execute(command, { "job-id": JOB, ...args }).catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
  });
  await settleJob(qmp, JOB, clock);
}

/** Waits for what an earlier launcher began; how it ended is of no interest. */
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
    await delay(LOOK_EVERY_MS, clock);
  }
}

async function listJobs(qmp: QmpClient): Promise<Job[]> {
  return jobs.parse(await retryOnTimeout(() => qmp.execute("query-jobs")));
}

/** QEMU answers nothing while it writes a memory. */
async function retryOnTimeout(ask: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof LaunchError)) throw error;
}
