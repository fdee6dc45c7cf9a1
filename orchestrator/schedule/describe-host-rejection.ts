import { isPosternError, machineCause } from "../../protocol/index.ts";
import { describeForOwner } from "../errors.ts";
import { UNANSWERED, type HostRejection } from "./explain-waiting.ts";

/** Codes of hosts that could not say what they think of it. */
const UNREACHABLE_CODES = new Set(["HOST_OFFLINE", "HOST_TIMEOUT", "HOST_BUSY"]);
/** Codes that say: look again where the data disk is. */
const DISK_MOVED_CODES = new Set(["DISK_TRAVELS", "DISK_AWAY", "DISK_UNKNOWN", "DISK_JOURNEY"]);

/** What a host that was asked thinks of a machine. */
export function describeHostRejection(error: unknown): Omit<HostRejection, "host" | "asked"> {
  if (isPosternError(error) && UNREACHABLE_CODES.has(error.code))
    return { permanent: false, why: UNANSWERED };
  const never = !isPosternError(error) || !DISK_MOVED_CODES.has(error.code);
  const { code, message } = describeForOwner(error);
  const cause = machineCause.safeParse({ code }).data;
  return { permanent: never, why: message, ...(cause && { cause }) };
}
