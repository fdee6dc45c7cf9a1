import { isPending } from "../../protocol/index.ts";
import type { MachineRecord } from "../../proxy/index.ts";

/** Whether a machine waits for a host. */
export function isAwaitingHost(record: MachineRecord): boolean {
  return record.agentId === null && isPending(record.state);
}

/** Whether a machine's image is on its way to a host that is to run it. */
export function isAwaitingImage(record: Pick<MachineRecord, "agentId" | "state">): boolean {
  return record.agentId === null && record.state === "preparing";
}
