import type { WorkProgress } from "../../launcher/index.ts";

const BAR_WIDTH = 24;
/** Between two lines or two updates. */
const LINE_MS = 1000;
const DRAW_MS = 100;

interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Shows the progress of an operation on standard error: a bar on a terminal, elsewhere one JSON object per
 * line, at most one per second and one for each new title.
 */
export class ProgressLine {
  readonly #stream: TerminalStream;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #title = "";
  #drawn = false;

  constructor(screen: TerminalStream = process.stderr, now: () => number = () => performance.now()) {
    this.#stream = screen;
    this.#now = now;
  }

  show(progress: WorkProgress): void {
    const isNew = progress.title !== this.#title;
    const pause = this.#stream.isTTY === true ? DRAW_MS : LINE_MS;
    if (!isNew && progress.fraction !== 1 && this.#now() - this.#last < pause) return;
    this.#last = this.#now();
    this.#title = progress.title;
    if (this.#stream.isTTY === true) this.#draw(progress);
    else this.#stream.write(formatLine(progress));
  }

  /** Restores the terminal. */
  clear(): void {
    if (this.#drawn) this.#stream.write("\r\x1b[2K");
    this.#drawn = false;
  }

  #draw(progress: WorkProgress): void {
    this.#drawn = true;
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\x1b[2K${formatProgress(progress).slice(0, width)}`);
  }
}

/** A fraction of three digits is precise enough. */
function formatLine(progress: WorkProgress): string {
  const { fraction } = progress;
  const short =
    fraction === undefined ? progress : { ...progress, fraction: Math.round(fraction * 1000) / 1000 };
  return `${JSON.stringify({ progress: short })}\n`;
}

/** `[████████░░░░]  45 %  Title  note`; control characters in a program's output are removed. */
export function formatProgress({ title, fraction, note }: WorkProgress): string {
  const clean = (note ?? "").replace(/\p{Cc}/gu, " ");
  const rest = clean === "" ? title : `${title}  ${clean}`;
  if (fraction === undefined) return rest;
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  const percent = String(Math.floor(fraction * 100)).padStart(3);
  return `[${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}] ${percent} %  ${rest}`;
}
