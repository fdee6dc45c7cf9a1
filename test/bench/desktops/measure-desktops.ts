import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions } from "../bench-options.ts";
import { countSessionsPerCore, type Figures, median } from "../figures.ts";
import type { Target } from "../peers/peer.ts";
import { readCpuSeconds } from "../process-cpu.ts";
import type { Column } from "../report.ts";
import type { DesktopSession } from "./desktop-session.ts";
import { DesktopViewer } from "./desktop-viewer.ts";
import { GuacamoleSession } from "./guacamole-session.ts";
import type { PaintedDesktop } from "./painted-desktop.ts";
import { type Scene, SCREEN } from "./scenes.ts";

const WARM_UP_MS = 1_500;
/** Share of the frames that have to arrive: fewer are not the same session, whatever they cost. */
const KEEPS_UP = 0.8;
/** Until a gateway has put away what the last viewers left. */
const SETTLE_MS = 500;

export const SCENE_COLUMNS: readonly Column[] = [
  { key: "drawnPerSecond", title: "drawn/s", digits: 1, isCircumstance: true },
  { key: "updatesPerSecond", title: "updates/s", digits: 1, isCircumstance: true },
  { key: "kilobytesPerSecond", title: "kB/s", digits: 1, isCircumstance: true },
  { key: "cpuMsPerUpdate", title: "CPU ms per update", digits: 2 },
  { key: "cpuPerSessionMinute", title: "CPU s per session-minute", digits: 3 },
  { key: "sessionsPerCore", title: "sessions per core", digits: 0 },
];

export const PICTURE_COLUMNS: readonly Column[] = [
  { key: "pictureMs", title: "first picture ms", digits: 0 },
  { key: "pictureCpuMs", title: "CPU ms per connection", digits: 1 },
];

async function openSession({ route }: Target): Promise<DesktopSession> {
  return route.kind === "rfb"
    ? DesktopViewer.open(route.address)
    : new GuacamoleSession(route.address, SCREEN);
}

/** Figures for each of the scene's sessions; the scene is drawn already. */
export async function measureScene(
  target: Target,
  { desktop, scene, ms }: { readonly desktop: PaintedDesktop; readonly scene: Scene; readonly ms: number },
): Promise<Figures> {
  const sessions: DesktopSession[] = [];
  const read = async () => ({
    frames: await desktop.countFrames(),
    updates: sessions.reduce((sum, { updates }) => sum + updates, 0),
    bytes: sessions.reduce((sum, { bytes }) => sum + bytes, 0),
    cpu: readCpuSeconds(target.pids),
    at: performance.now(),
  });
  try {
    while (sessions.length < scene.sessions) sessions.push(await openSession(target));
    await Promise.all(sessions.map((session) => session.waitForPicture()));
    await delay(WARM_UP_MS);
    const before = await read();
    await delay(ms);
    const after = await read();
    for (const { failure } of sessions) if (failure) throw failure;
    const seconds = (after.at - before.at) / 1_000;
    const sessionSeconds = seconds * scene.sessions;
    const updatesPerSecond = (after.updates - before.updates) / sessionSeconds;
    const cpuPerSessionMinute = (60 * (after.cpu - before.cpu)) / sessionSeconds;
    return {
      drawnPerSecond: (after.frames - before.frames) / seconds,
      updatesPerSecond,
      kilobytesPerSecond: (after.bytes - before.bytes) / sessionSeconds / 1_000,
      ...(target.pids.length > 0 && {
        cpuMsPerUpdate: (1_000 * (after.cpu - before.cpu)) / (after.updates - before.updates),
        cpuPerSessionMinute,
        ...(updatesPerSecond >= KEEPS_UP * scene.framesPerSecond && {
          sessionsPerCore: countSessionsPerCore(cpuPerSessionMinute),
        }),
      }),
    };
  } finally {
    for (const session of sessions) session.close();
  }
}

/** Milliseconds from a viewer's first packet to the whole desktop, one connection after another. */
export async function measurePicture(target: Target, options: BenchOptions): Promise<Figures> {
  const times: number[] = [];
  const before = readCpuSeconds(target.pids);
  for (let index = 0; index < options.connections; index += 1) {
    const start = performance.now();
    const session = await openSession(target);
    try {
      await session.waitForPicture();
      times.push(performance.now() - start);
    } finally {
      session.close();
    }
  }
  await delay(SETTLE_MS);
  const cpuSeconds = readCpuSeconds(target.pids) - before;
  return {
    pictureMs: median(times),
    // guacd ignores SIGCHLD, and the kernel then forgets what a process for one connection took.
    ...(target.pids.length > 0 &&
      target.route.kind === "rfb" && { pictureCpuMs: (cpuSeconds * 1_000) / times.length }),
  };
}
