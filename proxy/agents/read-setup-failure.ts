import type { Logger } from "pino";
import { ViewerRefusal, type RefusalCode } from "../model/viewer-refusal.ts";

/** What a viewer may know of a host's code; all others are one and the same to it. */
const SETUP_REFUSALS: ReadonlyMap<string, RefusalCode> = new Map([
  ["DESKTOP_UNKNOWN", "DESKTOP_OFFLINE"],
  ["AGENT_BUSY", "HOST_BUSY"],
  ["DESKTOP_DECLINED", "DESKTOP_DECLINED"],
]);

/** The code of a Setup response with status 0: into the log, and as much of it as a viewer may read. */
export function readSetupFailure(code: string, log: Logger): ViewerRefusal {
  const safeCode = /^[A-Z0-9_]{1,64}$/.test(code) ? code : "UNNAMED";
  log.warn({ event: "pairing.refused", code: safeCode }, "the host cannot open a desktop");
  return new ViewerRefusal(SETUP_REFUSALS.get(safeCode) ?? "DESKTOP_UNREACHABLE");
}
