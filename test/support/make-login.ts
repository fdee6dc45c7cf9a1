import type { LoginRecord } from "../../proxy/index.ts";

/** A login as a store keeps it, from nowhere in particular; open for ten minutes. */
export function makeLogin(userId: string, now: number): LoginRecord {
  const at = { createdAt: now, lastSeenAt: now, confirmedAt: now, expiresAt: now + 600_000 };
  return { id: `login-${userId}-${now}`, userId, address: null, browser: null, ...at };
}
