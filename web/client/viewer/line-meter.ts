/** What a line does, over the last second or two. */
export interface LineFigures {
  /** From a question of the server until its answer, behind the pictures that were under way. Null: not known yet. */
  readonly latencyMs: number | null;
  readonly bytesPerSecond: number;
  /** Updates of the picture. */
  readonly framesPerSecond: number;
}

/** Counts what comes from the desktop. */
export class LineMeter {
  #bytes = 0;
  #frames = 0;
  #latencyMs: number | null = null;
  #sampledAt: number;

  /** @param now in milliseconds, of any clock that only goes forward */
  constructor(now: number) {
    this.#sampledAt = now;
  }

  countBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  countFrame(): void {
    this.#frames += 1;
  }

  /** Null: not known yet. */
  get latencyMs(): number | null {
    return this.#latencyMs;
  }

  noteLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  /** The figures since the sample before. */
  sample(now: number): LineFigures {
    const seconds = Math.max(now - this.#sampledAt, 1) / 1_000;
    const figures = {
      latencyMs: this.#latencyMs,
      bytesPerSecond: this.#bytes / seconds,
      framesPerSecond: this.#frames / seconds,
    };
    this.#sampledAt = now;
    this.#bytes = 0;
    this.#frames = 0;
    return figures;
  }
}

/** How good a line is, for a person who works over it. */
export type LineGrade = "good" | "fair" | "poor";

const FAIR_MS = 120;
const POOR_MS = 350;

/** Null: not known yet. */
export function gradeLine({ latencyMs }: Pick<LineFigures, "latencyMs">): LineGrade | null {
  if (latencyMs === null) return null;
  if (latencyMs < FAIR_MS) return "good";
  return latencyMs < POOR_MS ? "fair" : "poor";
}
