import { z } from "zod";
import { desktopReference } from "./field-schemas.ts";

const address = z.object({ address: z.string().nullable(), port: z.number().nullable() });
const named = z.object({ id: z.string().nullable(), name: z.string().nullable() });
/** `action` is one action, or a prefix such as `session`; times are epoch milliseconds. */
export const auditQuery = z.object({
  since: z.coerce.number().int().optional(),
  until: z.coerce.number().int().optional(),
  action: z.string().min(1).max(64).optional(),
  actor: z.string().min(1).max(64).optional(),
  desktop: desktopReference.optional(),
  outcome: z.enum(["success", "failure"]).optional(),
  /** The id of the last line of the page before. */
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export const auditEvent = z.object({
  /** The line's number in the log of one server. */
  id: z.string(),
  /** The action, e.g. `session.start`. */
  name: z.string(),
  state: z.enum(["success", "failure"]),
  serverId: z.string(),
  at: z.number(),
  reason: z.string().nullable(),
  actor: named,
  source: address,
  /** The other one of two peers that use one identity. */
  otherSource: address,
  method: z.string().nullable(),
  transport: z.string().nullable(),
  role: z.string().nullable(),
  sessionId: z.string().nullable(),
  desktop: named,
  machineId: z.string().nullable(),
  machineName: z.string().nullable().default(null),
  agentId: z.string().nullable(),
  /** A data disk, as `OWNER/NAME`. */
  diskName: z.string().nullable(),
  tokenId: z.string().nullable(),
  /** The name of who made the token. */
  tokenOwner: z.string().nullable().default(null),
  /** The account that something was done to. */
  target: named.default({ id: null, name: null }),
  /** The group that something was done to. */
  group: named.default({ id: null, name: null }),
  /** What a grant is about, or the labels that were set. */
  grant: z.string().nullable().default(null),
  count: z.number().nullable(),
  bytesToViewer: z.number().nullable(),
  bytesToServer: z.number().nullable(),
  durationMs: z.number().nullable(),
});
/** GET /audit (auditQuery) → auditEvent[] of this server, newest first (administrators); reading it is an event too */
export type AuditRow = z.infer<typeof auditEvent>;

/** GET /audit/key → the key that this server's checkpoints are checked with (administrators) */
export const auditKey = z.object({ serverId: z.string(), publicKey: z.string() });
