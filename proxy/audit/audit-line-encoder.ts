import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import { hashLine, type ChainPosition } from "./chain-position.ts";
import { encodeCheckpointStatement } from "./checkpoint.ts";
import type { AuditKey } from "./audit-key.ts";

/** An entry with the time of what it tells. */
export interface TimedEntry {
  readonly at: number;
  readonly entry: AuditEntry;
}

/** A line with its newline, and its place in the log. */
export interface EncodedLine {
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
        machine: omitIfEmpty({ id: entry.machineId }),
        disk: omitIfEmpty({ name: entry.diskName }),
        token: omitIfEmpty({ id: entry.tokenId }),
        method: entry.method,
        transport: entry.transport,
        role: entry.role,
        count: entry.count,
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

/** Nothing in a line may move a terminal's cursor or hide text, and no text makes a line endless. */
function cleanText(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "");
  return clean.length > PROXY_LIMITS.auditTextChars ? clean.slice(0, PROXY_LIMITS.auditTextChars) : clean;
}
