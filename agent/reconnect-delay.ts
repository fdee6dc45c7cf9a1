import { backoffCeiling } from "../protocol/index.ts";
import { RECONNECT_BACKOFF, type BackoffKind } from "./agent-limits.ts";

export interface ReconnectRequest {
  readonly pace: BackoffKind;
  /** Random, from 0 up to, not including, 1. */
  readonly dice: number;
  /** Requested by the server, in milliseconds: not earlier than this. */
  readonly retryAfterMs?: number;
  /** Requested by the server, in milliseconds: spread over this time. */
  readonly spreadMs?: number;
}

/**
 * How long to wait before the next connection attempt, in milliseconds. Pure.
 * @param round how often all servers have failed in turn, from 1 on: a failing server does not delay the next one
 */
export function reconnectDelay(request: ReconnectRequest, round: number): number {
  const ceiling = backoffCeiling(RECONNECT_BACKOFF[request.pace], round);
  return (request.retryAfterMs ?? 0) + request.dice * Math.max(ceiling, request.spreadMs ?? 0);
}
