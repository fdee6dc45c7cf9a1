const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
const REMINDER_MS = 30_000;

export function formatSeconds(elapsedMs) {
  const seconds = elapsedMs / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
}

/**
 * Shows steps, one line each: on a terminal with a spinner that ends as a tick, elsewhere as plain lines with
 * a progress line every half minute.
 */
export class Progress {
  constructor(stream = process.stdout, animated = stream.isTTY === true && process.env.CI === undefined) {
    this.stream = stream;
    this.animated = animated;
  }

  say(line) {
    this.stream.write(`${line}\n`);
  }

  /** A step that needed no work. */
  skip(title, why) {
    this.say(this.animated ? `✓ ${title}: ${why}` : `${title}: ${why}`);
  }

  /** A step that could not be done, and the consequence; the run continues. */
  warn(title, why) {
    this.say(this.animated ? `! ${title}: ${why}` : `${title}: ${why}`);
  }

  /** Runs `work(note)`; `note(text)` shows what it is doing. */
  async step(title, work) {
    const started = Date.now();
    const line = this.animated ? this.#spin(title, started) : this.#remind(title, started);
    try {
      const result = await work(line.note);
      line.finish();
      const took = formatSeconds(Date.now() - started);
      this.say(this.animated ? `✓ ${title} (${took})` : `${title}: done in ${took}`);
      return result;
    } catch (error) {
      line.finish();
      const took = formatSeconds(Date.now() - started);
      this.say(this.animated ? `✗ ${title} (${took})` : `${title}: failed after ${took}`);
      throw error;
    }
  }

  #spin(title, started) {
    let frame = 0;
    let detail = "";
    const draw = () => {
      const width = Math.max(20, (this.stream.columns ?? 80) - 1);
      const text = `${FRAMES[frame++ % FRAMES.length]} ${title} (${formatSeconds(Date.now() - started)})`;
      this.stream.write(`\r\x1b[2K${`${text}${detail && `  ${detail}`}`.slice(0, width)}`);
    };
    draw();
    const timer = setInterval(draw, FRAME_MS);
    return {
      note: (text) => {
        detail = text;
      },
      finish: () => {
        clearInterval(timer);
        this.stream.write("\r\x1b[2K");
      },
    };
  }

  #remind(title, started) {
    this.say(`${title} …`);
    const timer = setInterval(() => {
      this.say(`${title}: still at it after ${formatSeconds(Date.now() - started)}`);
    }, REMINDER_MS);
    return { note: () => undefined, finish: () => clearInterval(timer) };
  }
}
