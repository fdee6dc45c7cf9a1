import type { WorkProgress } from "../../launcher/index.ts";

const BAR_WIDTH = 24;
/** Between two lines or two drawings. */
const LINE_MS = 1000;
const DRAW_MS = 100;

interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Shows how far a piece of work is, on standard error: a bar on a terminal, elsewhere one JSON object a line, at most
 * one a second and one for each new title.
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

  /** Leaves the terminal as it was. */
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

/** Three digits of a fraction are enough for anybody. */
function formatLine(progress: WorkProgress): string {
  const { fraction } = progress;
  const short =
    fraction === undefined ? progress : { ...progress, fraction: Math.round(fraction * 1000) / 1000 };
  return `${JSON.stringify({ progress: short })}\n`;
}

/** `[████████░░░░]  45 %  Title  note`; control characters of a program's words are left out. */
export function formatProgress({ title, fraction, note }: WorkProgress): string {
  const clean = (note ?? "").replace(/\p{Cc}/gu, " ");
  const rest = clean === "" ? title : `${title}  ${clean}`;
  if (fraction === undefined) return rest;
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  const percent = String(Math.floor(fraction * 100)).padStart(3);
  return `[${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}] ${percent} %  ${rest}`;
}
