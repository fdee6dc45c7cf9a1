import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import {
  GENESIS,
  hashLine,
  type ChainPosition,
  encodeCheckpointStatement,
  parseLine,
  type ChainedLine,
} from "./audit-chain.ts";
import type { AuditKeys } from "./audit-key.ts";

/** Where a line is. */
export interface LineLocation {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The first line that is not as the server wrote it. */
export interface BadLine extends LineLocation {
  /** The number that the line has, or should have; null: unknown. */
  readonly sequence: number | null;
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly message: string;
}

interface ChainCheckerOptions {
  /** Null: signatures are not checked. */
  readonly keys: AuditKeys | null;
  /** The number that the log may begin with: 1, unless older files were archived. */
  readonly from: number;
  /** A line that is known from elsewhere. */
  readonly expect: ChainPosition | null;
}

const NO_LOCATION: LineLocation = { file: "", line: 0 };

interface CheckedLine {
  readonly location: LineLocation;
  readonly position: ChainPosition;
}

/** Follows a log line by line, until the first that does not fit. */
export class ChainChecker {
  readonly #options: ChainCheckerOptions;
  #last: CheckedLine | null = null;
  /** Two lines that do not fit together: the next one shows which of them is wrong. */
  #mismatch: { readonly before: CheckedLine; readonly after: CheckedLine } | null = null;
  #serverId: string | null = null;
  lines = 0;
  checkpoints = 0;
  unsigned = 0;
  first: number | null = null;

  constructor(options: ChainCheckerOptions) {
    this.#options = options;
  }

  get last(): ChainPosition | null {
    return this.#last?.position ?? null;
  }

  get location(): LineLocation | null {
    return this.#last?.location ?? null;
  }

  /** Null: the line fits so far. */
  add(bytes: Buffer, location: LineLocation): BadLine | null {
    const line = parseLine(bytes);
    const doubt = this.#resolveMismatch(line);
    if (doubt !== null) return doubt;
    if (line === null) {
      const sequence = this.#next;
      return makeBadLine(location, sequence, "AUDIT_LINE_MALFORMED", "This is no line of an audit log.");
    }
    const misplaced = this.#checkSequence(line, location);
    if (misplaced !== null) return misplaced;
    const seen = { location, position: { sequence: line.sequence, hash: hashLine(bytes) } };
    const before = this.#last;
    const serverId = this.#serverId ?? line.serverId;
    this.#last = seen;
    this.#serverId = line.serverId;
    this.first ??= line.sequence;
    this.lines += 1;
    const follows = before === null ? this.#isValidFirstLine(line) : line.previous === before.position.hash;
    if (!follows && before === null) {
      return makeBadLine(location, line.sequence, "AUDIT_LINE_CHANGED", "The first line was changed.");
    }
    const wrong = this.#checkSignature(line, location) ?? this.#checkExpected(seen);
    if (wrong !== null) return wrong;
    if (!follows && before !== null) this.#mismatch = { before, after: seen };
    if (follows && serverId !== line.serverId) return makeChangedLine(seen);
    return null;
  }

  /** The end of the log. @param known a line's hash that is known from outside; null: none is */
  finish(known: ChainPosition | null): BadLine | null {
    const { expect } = this.#options;
    if (this.#mismatch !== null) {
      const { before, after } = this.#mismatch;
      const isAfterWrong = known?.sequence === after.position.sequence && known.hash !== after.position.hash;
      return makeChangedLine(isAfterWrong ? after : before);
    }
    if (expect !== null && (this.last?.sequence ?? 0) < expect.sequence)
      return this.truncatedLine(expect.sequence);
    return null;
  }

  /** The log ends too early. */
  truncatedLine(wanted: number): BadLine {
    const location = this.#last?.location ?? NO_LOCATION;
    const message = `The log ends here, but it went on to line number ${wanted}.`;
    return makeBadLine({ ...location, line: location.line + 1 }, this.#next, "AUDIT_LOG_CUT", message);
  }

  /** There are lines after the log's end. */
  appendedLine(): BadLine {
    const { file, line } = this.#last?.location ?? NO_LOCATION;
    const message = "Lines were put behind the last one that the server wrote.";
    return makeBadLine({ file, line: line + 1 }, this.#next, "AUDIT_LINES_APPENDED", message);
  }

  get #next(): number {
    return this.#last === null ? this.#options.from : this.#last.position.sequence + 1;
  }

  #resolveMismatch(line: ChainedLine | null): BadLine | null {
    if (this.#mismatch === null) return null;
    const { before, after } = this.#mismatch;
    return makeChangedLine(line === null || line.previous === after.position.hash ? before : after);
  }

  #isValidFirstLine({ sequence, previous }: ChainedLine): boolean {
    return sequence > 1 || previous === GENESIS.hash;
  }

  #checkSequence({ sequence }: ChainedLine, location: LineLocation): BadLine | null {
    const wanted = this.#next;
    if (sequence === wanted) return null;
    if (sequence < wanted) {
      const message = `Number ${sequence} stands where ${wanted} belongs: lines were moved or put in.`;
      return makeBadLine(location, sequence, "AUDIT_LINES_MOVED", message);
    }
    const gap =
      sequence - wanted === 1 ? `Line number ${wanted} is` : `Lines ${wanted} to ${sequence - 1} are`;
    return makeBadLine(location, sequence, "AUDIT_LINES_MISSING", `${gap} missing before this one.`);
  }

  #checkSignature(line: ChainedLine, location: LineLocation): BadLine | null {
    const { sequence, checkpoint } = line;
    if (checkpoint === null) {
      this.unsigned += 1;
      if (this.unsigned <= PROXY_LIMITS.auditCheckpointLines) return null;
      return makeBadLine(location, sequence, "AUDIT_CHECKPOINT_MISSING", "A signed checkpoint belongs here.");
    }
    this.unsigned = 0;
    this.checkpoints += 1;
    const { keys } = this.#options;
    if (keys === null) return null;
    const { key, signature } = checkpoint;
    if (!keys.has(key)) {
      const message = "The checkpoint was signed with a key that is not among the given ones.";
      return makeBadLine(location, sequence, "AUDIT_KEY_UNKNOWN", message);
    }
    const statement = encodeCheckpointStatement(line.serverId, sequence, line.timestamp, line.previous);
    if (keys.verify(key, statement, signature)) return null;
    return makeBadLine(
      location,
      sequence,
      "AUDIT_SIGNATURE_WRONG",
      "The checkpoint's signature does not fit.",
    );
  }

  #checkExpected({ position, location }: CheckedLine): BadLine | null {
    const { expect } = this.#options;
    if (expect?.sequence !== position.sequence || expect.hash === position.hash) return null;
    return makeBadLine(
      location,
      position.sequence,
      "AUDIT_LINE_CHANGED",
      "The line is not the one that was noted.",
    );
  }
}

function makeChangedLine({ location, position }: CheckedLine): BadLine {
  return makeBadLine(
    location,
    position.sequence,
    "AUDIT_LINE_CHANGED",
    "The line was changed after it was written.",
  );
}

export function makeBadLine(
  location: LineLocation,
  sequence: number | null,
  code: string,
  message: string,
): BadLine {
  return { ...location, sequence, code, message };
}
