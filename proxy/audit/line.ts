import { LIMITS } from "../admit/limits.ts";
import type { AuditEntry } from "../proxy.ts";
import { hashLine, type Link } from "./chain.ts";
import { stateCheckpoint } from "./checkpoint.ts";
import type { AuditKey } from "./key.ts";

/** An entry with the time of what it tells. */
export interface TimedEntry {
  readonly at: number;
  readonly entry: AuditEntry;
}

/** A line with its newline, and its place in the log. */
export interface Written {
  readonly text: string;
  readonly link: Link;
}

const REASON = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Makes the lines of one server's log. */
export class LineMaker {
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
  make(after: Link, { at, entry }: TimedEntry): Written {
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
      user: group({ id: entry.actor, name: entry.actorName }),
      source: group({
        ip: entry.source?.address,
        port: entry.source?.port || undefined,
        bytes: entry.bytesToServer,
      }),
      destination: group({ bytes: entry.bytesToViewer }),
      agent: group({ id: entry.agentId }),
      postern: {
        session: group({ id: entry.sessionId }),
        desktop: group({ id: entry.desktopId, name: entry.desktopName }),
        machine: group({ id: entry.machineId }),
        disk: group({ name: entry.diskName }),
        token: group({ id: entry.tokenId }),
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
    return { text: `${text}\n`, link: { sequence, hash: hashLine(text) } };
  }

  #sign(sequence: number, timestamp: string, previous: string): object {
    const signature = this.#key.sign(stateCheckpoint(this.#serverId, sequence, timestamp, previous));
    return { key: this.#key.id, signature };
  }
}

function group(fields: Readonly<Record<string, string | number | undefined>>): object | undefined {
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined;
}

/** Nothing in a line may move a terminal's cursor or hide text, and no text makes a line endless. */
function cleanText(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "");
  return clean.length > LIMITS.auditTextChars ? clean.slice(0, LIMITS.auditTextChars) : clean;
}
