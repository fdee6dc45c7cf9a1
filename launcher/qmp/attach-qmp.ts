import { TimeoutError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import { connectQmp, type QmpClient } from "./qmp-client.ts";
import type { QmpEvent } from "./qmp-messages.ts";

const ATTEMPT_MS = 3000;
const RETRY_MS = 50;

/**
 * Connects to a control socket that may not exist yet, or may serve another client.
 * @param shouldRetry called before each attempt; false ends it
 * @throws TimeoutError `QMP_TIMEOUT` when `shouldRetry` returned false, or the time is over
 */
export async function attachQmp(
  path: string,
  options: {
    readonly clock: Clock;
    readonly withinMs: number;
    readonly shouldRetry: () => boolean;
    readonly onEvent: (event: QmpEvent) => void;
  },
): Promise<QmpClient> {
  const { clock, withinMs, shouldRetry, onEvent } = options;
  const begun = clock.monotonic();
  let cause: unknown;
  while (shouldRetry() && clock.monotonic() - begun < withinMs) {
    try {
      return await connectQmp(path, { timeoutMs: ATTEMPT_MS, clock, onEvent });
    } catch (error) {
      cause = error;
    }
    await delay(RETRY_MS, clock);
  }
  throw new TimeoutError("QMP_TIMEOUT", "the control socket could not be reached", { cause });
}
