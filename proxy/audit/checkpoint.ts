import type { ChainPosition } from "./chain-position.ts";

const CONTEXT = "postern audit checkpoint 1";

/**
 * What a checkpoint's signature covers: whose log it is, the checkpoint's own number and time, and by the
 * hash of the line before it everything that went before.
 */
export function encodeCheckpointStatement(
  serverId: string,
  sequence: number,
  timestamp: string,
  previous: ChainPosition["hash"],
): Buffer {
  return Buffer.from([CONTEXT, serverId, sequence, timestamp, previous].join("\n"), "utf8");
}
