import { LIMITS } from "../admit/limits.ts";
import { GENESIS, hashLine, type Link } from "./chain.ts";
import { stateCheckpoint } from "./checkpoint.ts";
import type { AuditKeys } from "./key.ts";
import { parseLine, type ChainedLine } from "./parse-line.ts";

/** Where a line stands. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The first line that is not as the server wrote it. */
export interface BadLine extends Place {
  /** The number that the line has, or should have; null: unknown. */
  readonly sequence: number | null;
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly message: string;
}

export interface ChainCheckOptions {
  /** Null: signatures are not checked. */
  readonly keys: AuditKeys | null;
  /** The number that the log may begin with: 1, unless older files were archived. */
  readonly from: number;
  /** A line that is known from elsewhere. */
  readonly expect: Link | null;
}

const NOWHERE: Place = { file: "", line: 0 };

interface Seen {
  readonly place: Place;
  readonly link: Link;
}

/** Follows a log line by line, until the first that does not fit. */
export class ChainCheck {
  readonly #options: ChainCheckOptions;
  #last: Seen | null = null;
  /** Two lines that do not fit together: the next one tells which of them is wrong. */
  #doubt: { readonly before: Seen; readonly after: Seen } | null = null;
  #serverId: string | null = null;
  lines = 0;
  checkpoints = 0;
  unsigned = 0;
  first: number | null = null;

  constructor(options: ChainCheckOptions) {
    this.#options = options;
  }

  get last(): Link | null {
    return this.#last?.link ?? null;
  }

  get place(): Place | null {
    return this.#last?.place ?? null;
  }

  /** Null: the line fits so far. */
  add(bytes: Buffer, place: Place): BadLine | null {
    const line = parseLine(bytes);
    const doubt = this.#settle(line);
    if (doubt !== null) return doubt;
    if (line === null) {
      const sequence = this.#next;
      return bad(place, sequence, "AUDIT_LINE_MALFORMED", "This is no line of an audit log.");
    }
    const misplaced = this.#checkPlace(line, place);
    if (misplaced !== null) return misplaced;
    const seen = { place, link: { sequence: line.sequence, hash: hashLine(bytes) } };
    const before = this.#last;
    const owner = this.#serverId ?? line.serverId;
    this.#last = seen;
    this.#serverId = line.serverId;
    this.first ??= line.sequence;
    this.lines += 1;
    const follows = before === null ? this.#mayBegin(line) : line.previous === before.link.hash;
    if (!follows && before === null) {
      return bad(place, line.sequence, "AUDIT_LINE_CHANGED", "The first line was changed.");
    }
    const wrong = this.#checkSignature(line, place) ?? this.#checkExpected(seen);
    if (wrong !== null) return wrong;
    if (!follows && before !== null) this.#doubt = { before, after: seen };
    if (follows && owner !== line.serverId) return changed(seen);
    return null;
  }

  /** The end of the log. @param known a line's hash that is known from outside; null: none is */
  finish(known: Link | null): BadLine | null {
    const { expect } = this.#options;
    if (this.#doubt !== null) {
      const { before, after } = this.#doubt;
      const isAfterWrong = known?.sequence === after.link.sequence && known.hash !== after.link.hash;
      return changed(isAfterWrong ? after : before);
    }
    if (expect !== null && (this.last?.sequence ?? 0) < expect.sequence) return this.cut(expect.sequence);
    return null;
  }

  /** The log ends too early. */
  cut(wanted: number): BadLine {
    const place = this.#last?.place ?? NOWHERE;
    const message = `The log ends here, but it went on to line number ${wanted}.`;
    return bad({ ...place, line: place.line + 1 }, this.#next, "AUDIT_LOG_CUT", message);
  }

  /** Something stands behind the log's end. */
  appended(): BadLine {
    const { file, line } = this.#last?.place ?? NOWHERE;
    const message = "Lines were put behind the last one that the server wrote.";
    return bad({ file, line: line + 1 }, this.#next, "AUDIT_LINES_APPENDED", message);
  }

  get #next(): number {
    return this.#last === null ? this.#options.from : this.#last.link.sequence + 1;
  }

  #settle(line: ChainedLine | null): BadLine | null {
    if (this.#doubt === null) return null;
    const { before, after } = this.#doubt;
    return changed(line === null || line.previous === after.link.hash ? before : after);
  }

  #mayBegin({ sequence, previous }: ChainedLine): boolean {
    return sequence > 1 || previous === GENESIS.hash;
  }

  #checkPlace({ sequence }: ChainedLine, place: Place): BadLine | null {
    const wanted = this.#next;
    if (sequence === wanted) return null;
    if (sequence < wanted) {
      const message = `Number ${sequence} stands where ${wanted} belongs: lines were moved or put in.`;
      return bad(place, sequence, "AUDIT_LINES_MOVED", message);
    }
    const gap =
      sequence - wanted === 1 ? `Line number ${wanted} is` : `Lines ${wanted} to ${sequence - 1} are`;
    return bad(place, sequence, "AUDIT_LINES_MISSING", `${gap} missing before this one.`);
  }

  #checkSignature(line: ChainedLine, place: Place): BadLine | null {
    const { sequence, checkpoint } = line;
    if (checkpoint === null) {
      this.unsigned += 1;
      if (this.unsigned <= LIMITS.auditCheckpointLines) return null;
      return bad(place, sequence, "AUDIT_CHECKPOINT_MISSING", "A signed checkpoint belongs here.");
    }
    this.unsigned = 0;
    this.checkpoints += 1;
    const { keys } = this.#options;
    if (keys === null) return null;
    const { key, signature } = checkpoint;
    if (!keys.has(key)) {
      const message = "The checkpoint was signed with a key that is not among the given ones.";
      return bad(place, sequence, "AUDIT_KEY_UNKNOWN", message);
    }
    const statement = stateCheckpoint(line.serverId, sequence, line.timestamp, line.previous);
    if (keys.verify(key, statement, signature)) return null;
    return bad(place, sequence, "AUDIT_SIGNATURE_WRONG", "The checkpoint's signature does not fit.");
  }

  #checkExpected({ link, place }: Seen): BadLine | null {
    const { expect } = this.#options;
    if (expect?.sequence !== link.sequence || expect.hash === link.hash) return null;
    return bad(place, link.sequence, "AUDIT_LINE_CHANGED", "The line is not the one that was noted.");
  }
}

function changed({ place, link }: Seen): BadLine {
  return bad(place, link.sequence, "AUDIT_LINE_CHANGED", "The line was changed after it was written.");
}

export function bad(place: Place, sequence: number | null, code: string, message: string): BadLine {
  return { ...place, sequence, code, message };
}
