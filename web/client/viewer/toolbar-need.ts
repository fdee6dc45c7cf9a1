import type { Machine } from "../../api/schemas.ts";
import type { ViewerConnectionState } from "./viewer-connection-state.ts";

/**
 * Whether the toolbar belongs over the picture although nobody asked for it: the picture is not current, or the machine is
 * being switched off, which the bar counts down and may have the button against.
 */
export function isToolbarNeeded(
  connection: ViewerConnectionState,
  machine: Pick<Machine, "state" | "ending"> | null,
): boolean {
  if (connection.phase !== "open" || connection.silence !== null) return true;
  return machine !== null && (machine.state === "stopping" || machine.ending);
}
