import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { Logger } from "pino";
import { Canvas, describeError, findChanges, type Clock } from "../../protocol/index.ts";
import { Scene, SCENE_HEIGHT, SCENE_WIDTH } from "./scene.ts";
import { DemoViewer } from "./demo-viewer.ts";

const FRAME_MS = 80;
const MAX_VIEWERS = 32;

export interface DemoDesktopOptions {
  /** The Unix socket, mode 0600; one that is left over from before is replaced. */
  readonly socketPath: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface DemoDesktop {
  /** Disconnects all viewers and removes the socket. Idempotent. */
  close(): Promise<void>;
}

/** A VNC server for hosts without QEMU. It draws only while a viewer is connected. */
export async function startDemoDesktop(options: DemoDesktopOptions): Promise<DemoDesktop> {
  const { socketPath, log, clock } = options;
  const scene = new Scene();
  const shown = new Canvas(SCENE_WIDTH, SCENE_HEIGHT);
  const next = new Canvas(SCENE_WIDTH, SCENE_HEIGHT);
  const viewers = new Map<Socket, DemoViewer>();
  let cancelFrame: (() => void) | undefined;

  const drawFrame = (): void => {
    cancelFrame = undefined;
    if (viewers.size === 0) return;
    scene.paint(next, clock.monotonic(), new Date(clock.now()));
    const changes = findChanges(shown.pixels, next.pixels, SCENE_WIDTH, SCENE_HEIGHT);
    shown.pixels.set(next.pixels);
    for (const viewer of viewers.values()) viewer.show(changes);
    cancelFrame = clock.after(FRAME_MS, drawFrame);
  };

  const input = {
    typeKey: (keysym: number) => {
      scene.typeKey(keysym);
    },
    movePointer: (x: number, y: number, buttons: number) => {
      scene.movePointer(x, y, buttons, clock.monotonic());
    },
  };

  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", (error) => {
      log.debug({ event: "demo.viewer-failed", why: describeError(error) }, "a demo viewer failed");
    });
    if (viewers.size >= MAX_VIEWERS) {
      socket.destroy();
      return;
    }
    const viewer = new DemoViewer(socket, shown, input);
    viewers.set(socket, viewer);
    socket.on("close", () => viewers.delete(socket));
    socket.on("end", () => socket.destroy());
    viewer.serve("demo", clock).catch((error: unknown) => {
      socket.destroy(error instanceof Error ? error : undefined);
    });
    if (cancelFrame === undefined) drawFrame();
  });

  await rm(socketPath, { force: true });
  const umask = process.umask(0o177);
  server.listen(socketPath);
  process.umask(umask);
  await once(server, "listening");
  server.on("error", (error) => {
    log.error({ event: "demo.failed", err: error }, "the demo desktop failed");
  });
  log.info({ event: "demo.started" }, "demo desktop started");

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    cancelFrame?.();
    const ended = once(server, "close");
    server.close();
    for (const socket of viewers.keys()) socket.destroy();
    await ended;
  };
  return { close: () => (closed ??= close()) };
}
