import { createHash } from "node:crypto";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import type { AuditKey } from "./audit-key.ts";

/** A place in the log: a line's sequence number and the SHA-256 of its bytes without the newline, hex. */
export interface ChainPosition {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first line. */
export const GENESIS: ChainPosition = { sequence: 0, hash: "0".repeat(64) };

/** @param line one line without its newline */
export function hashLine(line: string | Buffer): string {
  return createHash("sha256").update(line).digest("hex");
}

export function isSamePosition(one: ChainPosition, other: ChainPosition): boolean {
  return one.sequence === other.sequence && one.hash === other.hash;
}

const CHECKPOINT_CONTEXT = "postern audit checkpoint 1";

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
  return Buffer.from([CHECKPOINT_CONTEXT, serverId, sequence, timestamp, previous].join("\n"), "utf8");
}

/** What holds the log together, as one line has it. */
export interface ChainedLine {
  readonly sequence: number;
  readonly timestamp: string;
  readonly serverId: string;
  readonly previous: string;
  readonly checkpoint: { readonly key: string; readonly signature: string } | null;
}

interface RawLine {
  readonly "@timestamp"?: unknown;
  readonly event?: { readonly sequence?: unknown; readonly action?: unknown };
  readonly service?: { readonly node?: { readonly name?: unknown } };
  readonly postern?: {
    readonly previous?: unknown;
    readonly checkpoint?: { readonly key?: unknown; readonly signature?: unknown };
  };
}

/** Null: this is no line of an audit log. */
export function parseLine(line: Buffer | string): ChainedLine | null {
  const raw = parseJson(line);
  if (raw === null) return null;
  const sequence = raw.event?.sequence;
  const timestamp = raw["@timestamp"];
  const serverId = raw.service?.node?.name;
  const previous = raw.postern?.previous;
  const isWhole =
    typeof sequence === "number" &&
    Number.isSafeInteger(sequence) &&
    typeof timestamp === "string" &&
    typeof serverId === "string" &&
    typeof previous === "string";
  if (!isWhole) return null;
  if (raw.event?.action !== "audit.checkpoint") {
    return { sequence, timestamp, serverId, previous, checkpoint: null };
  }
  const { key, signature } = raw.postern?.checkpoint ?? {};
  if (typeof key !== "string" || typeof signature !== "string") return null;
  return { sequence, timestamp, serverId, previous, checkpoint: { key, signature } };
}

function parseJson(line: Buffer | string): RawLine | null {
  try {
    const value: unknown = JSON.parse(typeof line === "string" ? line : line.toString("utf8"));
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** An entry with the time of the event. */
export interface TimedEntry {
  readonly at: number;
  readonly entry: AuditEntry;
}

/** A line with its newline, and its place in the log. */
interface EncodedLine {
  readonly text: string;
  readonly position: ChainPosition;
}

const REASON = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Makes the lines of one server's log. */
export class AuditLineEncoder {
  readonly #serverId: string;
  readonly #key: AuditKey;

  constructor(serverId: string, key: AuditKey) {
    this.#serverId = serverId;
    this.#key = key;
  }

  /**
   * One line, with the field names of the Elastic Common Schema; what it has no name for is under
   * `postern`. `source.bytes` is what the viewer sent, `event.duration` is nanoseconds.
   * @see docs/auditor.md
   */
  encode(after: ChainPosition, { at, entry }: TimedEntry): EncodedLine {
    const sequence = after.sequence + 1;
    const timestamp = new Date(at).toISOString();
    const line = {
      "@timestamp": timestamp,
      event: {
        sequence,
        kind: "event",
        action: entry.action,
        outcome: entry.outcome,
        reason: entry.reason === undefined || REASON.test(entry.reason) ? entry.reason : "UNNAMED",
        duration: entry.durationMs === undefined ? undefined : Math.round(entry.durationMs * 1_000_000),
      },
      service: { node: { name: this.#serverId } },
      user: omitIfEmpty({ id: entry.actor, name: entry.actorName }),
      source: omitIfEmpty({
        ip: entry.source?.address,
        port: entry.source?.port || undefined,
        bytes: entry.bytesToServer,
      }),
      destination: omitIfEmpty({ bytes: entry.bytesToViewer }),
      agent: omitIfEmpty({ id: entry.agentId }),
      postern: {
        session: omitIfEmpty({ id: entry.sessionId }),
        desktop: omitIfEmpty({ id: entry.desktopId, name: entry.desktopName }),
        machine: omitIfEmpty({ id: entry.machineId, name: entry.machineName }),
        disk: omitIfEmpty({ name: entry.diskName }),
        target: omitIfEmpty({ id: entry.targetId, name: entry.targetName }),
        group: omitIfEmpty({ id: entry.groupId, name: entry.groupName }),
        grant: omitIfEmpty({ id: entry.grantId, about: entry.grant }),
        token: omitIfEmpty({ id: entry.tokenId, owner: entry.tokenOwner }),
        method: entry.method,
        transport: entry.transport,
        role: entry.role,
        count: entry.count,
        other: omitIfEmpty({ ip: entry.otherSource?.address, port: entry.otherSource?.port || undefined }),
        checkpoint:
          entry.action === "audit.checkpoint" ? this.#sign(sequence, timestamp, after.hash) : undefined,
        previous: after.hash,
      },
    };
    const text = JSON.stringify(line, (_key, value: unknown) =>
      typeof value === "string" ? cleanText(value) : value,
    );
    return { text: `${text}\n`, position: { sequence, hash: hashLine(text) } };
  }

  #sign(sequence: number, timestamp: string, previous: string): object {
    const signature = this.#key.sign(
      encodeCheckpointStatement(this.#serverId, sequence, timestamp, previous),
    );
    return { key: this.#key.id, signature };
  }
}

function omitIfEmpty(fields: Readonly<Record<string, string | number | undefined>>): object | undefined {
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined;
}

/** No text may move a terminal's cursor, hide other text or make a line endless. */
function cleanText(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "");
  return clean.length > PROXY_LIMITS.auditTextChars ? clean.slice(0, PROXY_LIMITS.auditTextChars) : clean;
}
