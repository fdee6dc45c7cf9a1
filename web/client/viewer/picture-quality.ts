import type { LineFigures } from "./line-meter.ts";

/** `auto`: as good as the line carries. */
export const QUALITY_CHOICES = ["auto", "best", "balanced", "least"] as const;
export type QualityChoice = (typeof QUALITY_CHOICES)[number];

/** What a server is asked for: JPEG's quality and the effort of compression, both 0 to 9. */
export interface PictureQuality {
  readonly quality: number;
  readonly compression: number;
}

/** From the least data to the best picture; the effort is the server's, so it is low where the line is fast. */
const STEPS: readonly PictureQuality[] = [
  { quality: 1, compression: 9 },
  { quality: 3, compression: 6 },
  { quality: 6, compression: 2 },
  { quality: 8, compression: 2 },
];
const FIRST_STEP = 2;
const FIXED: Readonly<Record<Exclude<QualityChoice, "auto">, PictureQuality>> = {
  best: { quality: 9, compression: 2 },
  balanced: { quality: 6, compression: 2 },
  least: { quality: 1, compression: 9 },
};
const UNKNOWN_STEP: PictureQuality = FIXED.balanced;

/** Answers wait behind pictures: so much longer than the line itself takes, and the pictures are too large for it. */
const BEHIND_MS = 250;
const AHEAD_MS = 60;
/** Samples in a row, of one second each, before a change: down soon, up late. */
const PATIENCE_DOWN = 3;
const PATIENCE_UP = 15;

/** Chooses the quality by how far the answers fall behind. */
export class QualityGovernor {
  #step = FIRST_STEP;
  #fastestMs = Infinity;
  #behind = 0;
  #ahead = 0;

  get chosen(): PictureQuality {
    return STEPS[this.#step] ?? UNKNOWN_STEP;
  }

  /** Figures of one more second. */
  note({ latencyMs }: LineFigures): void {
    if (latencyMs === null) return;
    this.#fastestMs = Math.min(this.#fastestMs, latencyMs);
    const waits = latencyMs - this.#fastestMs;
    this.#behind = waits > BEHIND_MS ? this.#behind + 1 : 0;
    this.#ahead = waits < AHEAD_MS ? this.#ahead + 1 : 0;
    if (this.#behind >= PATIENCE_DOWN) this.#go(-1);
    else if (this.#ahead >= PATIENCE_UP) this.#go(1);
  }

  #go(by: number): void {
    this.#step = Math.min(Math.max(this.#step + by, 0), STEPS.length - 1);
    this.#behind = 0;
    this.#ahead = 0;
  }
}

/** @param governor of this connection */
export function findQuality(choice: QualityChoice, governor: QualityGovernor): PictureQuality {
  return choice === "auto" ? governor.chosen : FIXED[choice];
}
