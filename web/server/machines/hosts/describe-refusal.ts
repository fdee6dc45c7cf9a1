import { isPosternError, machineCause } from "../../../../protocol/index.ts";
import { describeForCaller } from "../../errors.ts";
import { UNANSWERED, type Verdict } from "./explain-waiting.ts";

/** Codes of hosts that could not say what they think of it. */
const UNREACHABLE = new Set(["HOST_OFFLINE", "HOST_TIMEOUT", "HOST_BUSY"]);
/** Codes that say: look again where the data disk is. */
const DISK_MOVES = new Set(["DISK_TRAVELS", "DISK_AWAY", "DISK_UNKNOWN", "DISK_JOURNEY"]);

/** What a host that was asked thinks of a machine. */
export function describeRefusal(error: unknown): Omit<Verdict, "host" | "asked"> {
  if (isPosternError(error) && UNREACHABLE.has(error.code)) return { never: false, why: UNANSWERED };
  const never = !isPosternError(error) || !DISK_MOVES.has(error.code);
  const { code, message } = describeForCaller(error).body.error;
  const cause = machineCause.safeParse({ code }).data;
  return { never, why: message, ...(cause && { cause }) };
}
