// Connecting and leaving, on and on.
import { ask } from "./ipc.mjs";
import { countFiles, MIB, slopeOf } from "./measurements.mjs";
import { pause, PROBE, waitFor } from "./service.mjs";

const AT_ONCE = 8;
/** For the last connections to be closed on all sides. */
const REST_MS = 3_000;
/** The first part of the time fills caches, whose growth is no slope. */
const WARM_SHARE = 0.5;
const GOAL_BYTES = 200;

export async function measureChurn(service, { quick, say }) {
  const [ms, everyMs] = quick ? [80_000, 4_000] : [600_000, 20_000];
  await service.startServer({ node: PROBE });
  const [token] = await service.startAgent("soak");
  const crowd = service.fork("viewer-load.mjs");
  await ask(crowd, "enter", { port: service.rfb, token });
  await pause(3_000);
  const base = { server: countFiles(service.server), agent: countFiles(service.agent) };
  const visit = { port: service.rfb, token, atOnce: AT_ONCE };
  const points = [];
  let visits = 0;
  for (const end = performance.now() + ms; performance.now() < end;) {
    await ask(crowd, "visit", visit);
    await pause(everyMs);
    visits = await ask(crowd, "stopVisits");
    // At rest: what open sessions hold is no slope.
    await pause(REST_MS);
    const { heapUsed } = await ask(service.server, "heap");
    points.push([visits, heapUsed]);
    if (points.length % 3 === 0) say(`${visits} visits, heap ${(heapUsed / MIB).toFixed(1)} MiB`);
  }
  const refusals = await ask(crowd, "listRefusals");
  const failed = Object.values(refusals).reduce((sum, count) => sum + count, 0);
  if (failed > 0) say(`refusals: ${JSON.stringify(refusals)}`);
  const back = () => {
    const now = { server: countFiles(service.server), agent: countFiles(service.agent) };
    return now.server <= base.server && now.agent <= base.agent && now;
  };
  const files = await waitFor("the end of all connections", back, 30_000).catch(() => null);
  const slope = slopeOf(points.slice(Math.floor(points.length * WARM_SHARE)));
  return {
    title: `connecting and leaving for ${ms / 1000} s, ${visits} times`,
    goal: `file descriptors back to base, heap + ${GOAL_BYTES} bytes per visit at most`,
    figure: `${files ? "back" : "NOT back"} (server ${base.server}, agent ${base.agent}); heap ${slope.toFixed(0)} bytes per visit`,
    met: files !== null && slope < GOAL_BYTES,
    details: { visits, refusals, base, files, bytesPerVisit: slope, points },
  };
}
