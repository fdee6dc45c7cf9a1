import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import { startXvnc } from "../../support/xvnc.ts";
import { findProgram } from "../peers/installed-programs.ts";
import type { PainterReport } from "./painter.ts";
import { SCREEN, type SceneName } from "./scenes.ts";

const PAINTER = fileURLToPath(new URL("painter.ts", import.meta.url));

/** What brings the VNC server; undefined when it is there. */
export function findMissingXvnc(): string | undefined {
  return findProgram("Xvnc") === undefined ? "apt-get install tigervnc-standalone-server" : undefined;
}

/** A real VNC server, and a program that draws on it. */
export class PaintedDesktop {
  readonly port: number;
  readonly #painter: ChildProcess;

  private constructor(port: number, painter: ChildProcess) {
    this.port = port;
    this.#painter = painter;
  }

  static async start(cleanup: CleanupStack): Promise<PaintedDesktop> {
    const { port, display } = await startXvnc(cleanup, { ...SCREEN, alwaysShared: true });
    const painter = fork(PAINTER, [display.name], { env: display.env });
    cleanup.add({
      stop: async () => {
        if (painter.exitCode !== null) return;
        const gone = once(painter, "exit");
        painter.kill("SIGKILL");
        await gone;
      },
    });
    const desktop = new PaintedDesktop(port, painter);
    await desktop.#nextReport();
    return desktop;
  }

  async #nextReport(): Promise<PainterReport> {
    const stop = new AbortController();
    const ended = once(this.#painter, "exit", { signal: stop.signal }).then(() => {
      throw new Error("The program that draws has ended.");
    });
    ended.catch(() => undefined);
    try {
      const [report] = (await Promise.race([once(this.#painter, "message"), ended])) as [PainterReport];
      return report;
    } finally {
      stop.abort();
    }
  }

  /** Resolves when its first frame is drawn. */
  async show(scene: SceneName): Promise<void> {
    this.#painter.send({ scene });
    await this.#nextReport();
  }

  /** Frames drawn since the scene began. */
  async countFrames(): Promise<number> {
    this.#painter.send({});
    return (await this.#nextReport()).frames;
  }
}
