import type { AuditEntry } from "../proxy.ts";

/** An entry with the time of what it tells. */
export interface TimedEntry {
  readonly at: number;
  readonly entry: AuditEntry;
}

/**
 * One line of the audit log, with the field names of the Elastic Common Schema; what it has no name
 * for is under `postern`. `source.bytes` is what the viewer sent, `event.duration` is nanoseconds.
 */
export function formatLine(sequence: number, serverId: string, { at, entry }: TimedEntry): string {
  const line = {
    "@timestamp": new Date(at).toISOString(),
    event: {
      sequence,
      kind: "event",
      action: entry.action,
      outcome: entry.outcome,
      reason: entry.reason,
      duration: entry.durationMs === undefined ? undefined : Math.round(entry.durationMs * 1_000_000),
    },
    service: { node: { name: serverId } },
    user: entry.actor === undefined ? undefined : { id: entry.actor },
    source: describeSource(entry),
    destination: entry.bytesToViewer === undefined ? undefined : { bytes: entry.bytesToViewer },
    agent: entry.agentId === undefined ? undefined : { id: entry.agentId },
    postern: describeOurs(entry),
  };
  return `${JSON.stringify(line, (_key, value: unknown) => (typeof value === "string" ? stripControls(value) : value))}\n`;
}

function describeSource({ source, bytesToServer }: AuditEntry): object | undefined {
  if (source === undefined && bytesToServer === undefined) return undefined;
  return { ip: source?.address, port: source?.port, bytes: bytesToServer };
}

function describeOurs({ sessionId, desktopId, machineId }: AuditEntry): object | undefined {
  if (sessionId === undefined && desktopId === undefined && machineId === undefined) return undefined;
  return {
    session: sessionId === undefined ? undefined : { id: sessionId },
    desktop: desktopId === undefined ? undefined : { id: desktopId },
    machine: machineId === undefined ? undefined : { id: machineId },
  };
}

/** Nothing in a line may move a terminal's cursor or hide text. */
function stripControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "");
}
