import { isPosternError } from "../../../../protocol/index.ts";
import { describeForCaller } from "../../errors.ts";
import { UNANSWERED } from "./explain-waiting.ts";
import type { Unfit } from "./judge-host.ts";

/** Codes of hosts that could not say what they think of it. */
const UNREACHABLE = new Set(["HOST_OFFLINE", "HOST_TIMEOUT", "HOST_BUSY"]);
/** Codes that say: look again where the data disk is. */
const DISK_MOVES = new Set(["DISK_TRAVELS", "DISK_AWAY", "DISK_UNKNOWN", "DISK_JOURNEY"]);

/** What a host that was asked thinks of a machine. */
export function describeRefusal(error: unknown): Unfit {
  if (isPosternError(error) && UNREACHABLE.has(error.code)) return { never: false, why: UNANSWERED };
  const never = !isPosternError(error) || !DISK_MOVES.has(error.code);
  return { never, why: describeForCaller(error).body.error.message };
}
