import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditReader } from "../model/proxy-types.ts";
import { auditUnavailable } from "./audit-unavailable.ts";
import { auditFolder, listAuditFiles } from "./journal.ts";
import { readLinesBackwards } from "./read-lines.ts";
import type { AuditLog } from "./audit-log.ts";

/** Conditions of a query; absent ones are not applied. */
export interface AuditQuery {
  /** Epoch milliseconds, inclusive. */
  readonly since?: number;
  readonly until?: number;
  /** `token.create`, or `token` for all that begin so. */
  readonly action?: string;
  /** A user's name or id. */
  readonly actor?: string;
  /** A desktop's name or id. */
  readonly desktop?: string;
  readonly outcome?: "success" | "failure";
  /** Only lines before the one of this number. */
  readonly after?: number;
  readonly limit?: number;
}

/** One line of the audit log, flat. */
export interface AuditEvent {
  readonly sequence: number;
  readonly at: number;
  readonly serverId: string;
  readonly action: string;
  readonly outcome: "success" | "failure";
  readonly reason: string | null;
  readonly actor: { readonly id: string | null; readonly name: string | null };
  readonly source: { readonly address: string | null; readonly port: number | null };
  readonly otherSource: { readonly address: string | null; readonly port: number | null };
  readonly method: string | null;
  readonly transport: string | null;
  readonly role: string | null;
  readonly sessionId: string | null;
  readonly desktop: { readonly id: string | null; readonly name: string | null };
  readonly machineId: string | null;
  readonly machineName: string | null;
  readonly agentId: string | null;
  readonly diskName: string | null;
  readonly tokenId: string | null;
  readonly tokenOwner: string | null;
  /** The account that something was done to. */
  readonly target: { readonly id: string | null; readonly name: string | null };
  /** The group that something was done to. */
  readonly group: { readonly id: string | null; readonly name: string | null };
  /** What a grant is about, or the labels that were set. */
  readonly grant: string | null;
  readonly count: number | null;
  readonly bytesToViewer: number | null;
  readonly bytesToServer: number | null;
  readonly durationMs: number | null;
}

/** A clock that was set back may put an older time behind a newer one. */
const CLOCK_SLACK_MS = 2 * 3_600_000;

/** The lines of a log that fit, the newest first. Lines that cannot be read are left to `verify`. */
export async function queryAudit(dataDir: string, query: AuditQuery): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  const limit = Math.min(query.limit ?? 100, PROXY_LIMITS.auditRows);
  const earliest = (query.since ?? Number.NEGATIVE_INFINITY) - CLOCK_SLACK_MS;
  for (const file of (await listAuditFiles(auditFolder(dataDir))).reverse()) {
    for await (const lines of readLinesBackwards(file)) {
      for (const line of lines) {
        const event = parseEvent(line);
        if (event === null) continue;
        if (event.at < earliest) return found;
        if (!matches(event, query)) continue;
        found.push(event);
        if (found.length >= limit) return found;
      }
    }
  }
  return found;
}

function matches(event: AuditEvent, query: AuditQuery): boolean {
  const { since, until, action, actor, desktop, outcome, after } = query;
  if (after !== undefined && event.sequence >= after) return false;
  if (since !== undefined && event.at < since) return false;
  if (until !== undefined && event.at > until) return false;
  if (action !== undefined && event.action !== action && !event.action.startsWith(`${action}.`)) return false;
  if (actor !== undefined && event.actor.id !== actor && event.actor.name !== actor) return false;
  if (desktop !== undefined && event.desktop.id !== desktop && event.desktop.name !== desktop) return false;
  return outcome === undefined || event.outcome === outcome;
}

function parseEvent(line: string): AuditEvent | null {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return null;
  }
  const text = (...path: string[]): string | null => asText(readPath(json, path));
  const number = (...path: string[]): number | null => asNumber(readPath(json, path));
  const sequence = number("event", "sequence");
  const action = text("event", "action");
  const at = Date.parse(text("@timestamp") ?? "");
  if (sequence === null || action === null || Number.isNaN(at)) return null;
  const duration = number("event", "duration");
  return {
    sequence,
    at,
    serverId: text("service", "node", "name") ?? "",
    action,
    outcome: text("event", "outcome") === "failure" ? "failure" : "success",
    reason: text("event", "reason"),
    actor: { id: text("user", "id"), name: text("user", "name") },
    source: { address: text("source", "ip"), port: number("source", "port") },
    otherSource: { address: text("postern", "other", "ip"), port: number("postern", "other", "port") },
    method: text("postern", "method"),
    transport: text("postern", "transport"),
    role: text("postern", "role"),
    sessionId: text("postern", "session", "id"),
    desktop: { id: text("postern", "desktop", "id"), name: text("postern", "desktop", "name") },
    machineId: text("postern", "machine", "id"),
    machineName: text("postern", "machine", "name"),
    agentId: text("agent", "id"),
    diskName: text("postern", "disk", "name"),
    tokenId: text("postern", "token", "id"),
    tokenOwner: text("postern", "token", "owner"),
    target: { id: text("postern", "target", "id"), name: text("postern", "target", "name") },
    group: { id: text("postern", "group", "id"), name: text("postern", "group", "name") },
    grant: text("postern", "grant", "about"),
    count: number("postern", "count"),
    bytesToViewer: number("destination", "bytes"),
    bytesToServer: number("source", "bytes"),
    durationMs: duration === null ? null : duration / 1_000_000,
  };
}

function readPath(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[step];
  }
  return here;
}

function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/**
 * Reads a server's audit log; the read itself is recorded first.
 * @throws RequestError `AUDIT_UNAVAILABLE`
 */
export async function readAudit(
  audit: AuditLog,
  dataDir: string,
  query: AuditQuery,
  reader: AuditReader,
): Promise<AuditEvent[]> {
  await audit
    .appendDurably({ action: "audit.read", outcome: "success", ...reader })
    .catch((cause: unknown) => {
      throw auditUnavailable(cause);
    });
  return queryAudit(dataDir, query);
}
