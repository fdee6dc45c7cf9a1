// Viewers that ask for all they can and read nothing.
import { ask } from "./ipc.mjs";
import { MIB, quantile, readMemory } from "./measurements.mjs";
import { pause } from "./service.mjs";

const COUNT = 50;
const GOAL_MIB = 100;
const GOAL_SHARE = 1.2;
const SAMPLE_MS = 1_000;

/** The neighbour's 99th percentile in this time, and the samples of both programs' memory. */
async function observe(service, neighbour, ms, say) {
  const memory = [];
  await ask(neighbour, "take");
  for (const end = performance.now() + ms; performance.now() < end; await pause(SAMPLE_MS)) {
    const [server, agent] = [readMemory(service.server), readMemory(service.agent)];
    memory.push({ server, agent });
    if (memory.length % 30 === 0)
      say(`server ${Math.round(server / MIB)} MiB, agent ${Math.round(agent / MIB)} MiB`);
  }
  return { memory, times: await ask(neighbour, "take") };
}

export async function measureStalledReaders(service, { quick, say }) {
  const [calmMs, stalledMs] = quick ? [10_000, 30_000] : [60_000, 300_000];
  await service.startServer();
  const [near, stalled] = await service.startAgent("near", "stalled");
  const neighbour = service.fork("healthy-viewer.mjs");
  await ask(neighbour, "start", { port: service.rfb, token: near });
  const crowd = service.fork("viewer-load.mjs");
  // Code is loaded and compiled before anything counts.
  await observe(service, neighbour, calmMs / 2, say);
  const before = await observe(service, neighbour, calmMs, say);
  await ask(crowd, "stall", { port: service.rfb, token: stalled, count: COUNT });
  say(`${COUNT} viewers that read nothing`);
  const during = await observe(service, neighbour, stalledMs, say);
  await ask(crowd, "leave");
  await pause(1_000);
  const after = await observe(service, neighbour, calmMs, say);

  const grown = (name) => {
    const base = before.memory.at(-1)[name];
    return (Math.max(...during.memory.map((sample) => sample[name])) - base) / MIB;
  };
  const growth = { server: grown("server"), agent: grown("agent") };
  const p99 = {
    calm: quantile([...before.times, ...after.times], 0.99),
    crowded: quantile(during.times, 0.99),
  };
  const share = p99.crowded / p99.calm;
  return {
    title: `${COUNT} viewers that never read, ${stalledMs / 1000} s`,
    goal: `memory + ${GOAL_MIB} MiB at most, a neighbour's p99 + 20 % at most`,
    figure: `server + ${growth.server.toFixed(0)} MiB, agent + ${growth.agent.toFixed(0)} MiB; p99 ${p99.calm.toFixed(2)} to ${p99.crowded.toFixed(2)} ms, x ${share.toFixed(2)}`,
    met: growth.server + growth.agent < GOAL_MIB && share < GOAL_SHARE,
    details: { growthMiB: growth, p99Ms: p99, share, roundTrips: during.times.length },
  };
}
