// Ten thousand connections at once.
import { ask } from "./ipc.mjs";
import { quantile } from "./measurements.mjs";
import { pause, PROBE } from "./service.mjs";

const FLOOD = 10_000;
const GOAL_P99_MS = 100;
const GOAL_RECOVERY_MS = 1_000;

export async function measureFlood(service, { quick, say }) {
  const count = quick ? 3_000 : FLOOD;
  await service.startServer({ node: PROBE });
  const [token, other] = await service.startAgent("near", "soak");
  const neighbour = service.fork("healthy-viewer.mjs");
  await ask(neighbour, "start", { port: service.rfb, token });
  const crowd = service.fork("viewer-load.mjs");
  const viewers = service.fork("viewer-load.mjs");
  const details = { port: service.rfb, token: other };
  await ask(viewers, "enter", details);
  await pause(3_000);
  await ask(neighbour, "take");
  await pause(5_000);
  const calm = await ask(neighbour, "take");
  await ask(service.server, "watch");
  const start = performance.now();
  const held = await ask(crowd, "flood", { listen: service.listen, rfb: service.rfb, count });
  const floodMs = performance.now() - start;
  say(`${count} connections in ${floodMs.toFixed(0)} ms, ${held} of them still there`);
  await pause(Math.max(0, 3_000 - floodMs));
  const times = await ask(neighbour, "take");
  const loop = await ask(service.server, "delays");
  await ask(crowd, "endFlood");
  const recoveryMs = await ask(viewers, "enter", details);
  const p99 = { calm: quantile(calm, 0.99), flooded: quantile(times, 0.99) };
  return {
    title: `${count} connections at once`,
    goal: `a running session's p99 under ${GOAL_P99_MS} ms; a new viewer served within ${GOAL_RECOVERY_MS / 1000} s of their end`,
    figure: `p99 ${p99.calm.toFixed(1)} to ${p99.flooded.toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms; new viewer ${recoveryMs.toFixed(0)} ms`,
    met: p99.flooded < GOAL_P99_MS && recoveryMs < GOAL_RECOVERY_MS,
    details: {
      connections: count,
      held,
      floodMs,
      p99Ms: p99,
      longestMs: Math.max(...times),
      recoveryMs,
      loop,
    },
  };
}
