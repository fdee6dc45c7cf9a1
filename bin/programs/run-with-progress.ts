import type { WorkOptions } from "../../launcher/index.ts";
import { ProgressLine } from "../terminal/progress-line.ts";

const KEEP_ALIVE_MS = 60_000;

/** The person pressed Ctrl-C, or the program received a signal to end. */
class InterruptedError extends Error {}

/** Runs a long operation and shows its progress. A signal cancels it, and it cleans up. */
export async function runWithProgress<T>(work: (tools: WorkOptions) => Promise<T>): Promise<T> {
  const line = new ProgressLine();
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort(new InterruptedError("Interrupted; nothing half-made is left."));
  };
  // The timers between attempts do not keep the program alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    return await work({
      signal: controller.signal,
      onProgress: (progress) => {
        line.show(progress);
      },
    });
  } finally {
    clearInterval(alive);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    line.clear();
  }
}
