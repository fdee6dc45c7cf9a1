import type { Link } from "./chain.ts";

const CONTEXT = "postern audit checkpoint 1";

/**
 * What a checkpoint's signature covers: whose log it is, the checkpoint's own number and time, and by the
 * hash of the line before it everything that went before.
 */
export function stateCheckpoint(
  serverId: string,
  sequence: number,
  timestamp: string,
  previous: Link["hash"],
): Buffer {
  return Buffer.from([CONTEXT, serverId, sequence, timestamp, previous].join("\n"), "utf8");
}
