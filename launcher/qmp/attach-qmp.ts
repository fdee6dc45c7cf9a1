import { TimeoutError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import { connectQmp, type QmpClient } from "./qmp-client.ts";
import type { QmpEvent } from "./qmp-messages.ts";

const ATTEMPT_MS = 3000;
const RETRY_MS = 50;

/**
 * Connects to a control socket that may not be there yet, or not yet free.
 * @param goOn asked before each attempt; false ends it
 * @throws TimeoutError `QMP_TIMEOUT` when `goOn` said no, or the time is over
 */
export async function attachQmp(
  path: string,
  options: {
    readonly clock: Clock;
    readonly withinMs: number;
    readonly goOn: () => boolean;
    readonly onEvent: (event: QmpEvent) => void;
  },
): Promise<QmpClient> {
  const { clock, withinMs, goOn, onEvent } = options;
  const begun = clock.monotonic();
  let cause: unknown;
  while (goOn() && clock.monotonic() - begun < withinMs) {
    try {
      return await connectQmp(path, { timeoutMs: ATTEMPT_MS, clock, onEvent });
    } catch (error) {
      cause = error;
    }
    await delay(RETRY_MS, clock);
  }
  throw new TimeoutError("QMP_TIMEOUT", "the control socket could not be reached", { cause });
}
