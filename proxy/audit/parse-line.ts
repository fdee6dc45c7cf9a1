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
