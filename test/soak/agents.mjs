// Idle agents: what each costs the server in resident memory, and how soon they are back after the server was killed.
import { ask } from "./ipc.mjs";
import { MIB, readMemory } from "./measurements.mjs";
import { pause, waitFor } from "./service.mjs";

const SECRETS_AT_ONCE = 16;
const GOAL_KIB = 40;
const GOAL_BACK_S = 10;

/** A process with so many enrolled agents. */
export async function startLightAgents(service, count, say) {
  const secrets = [];
  const fetch = async () => {
    while (secrets.length < count) {
      const at = secrets.push(null) - 1;
      secrets[at] = (await service.post("/join-secrets")).secret;
    }
  };
  await Promise.all(Array.from({ length: SECRETS_AT_ONCE }, fetch));
  const fleet = service.fork("light-agents.mjs");
  fleet.on("message", ({ progress }) => progress && say(`${progress} agents enrolled`));
  await ask(fleet, "enrol", { port: service.listen, secrets });
  return fleet;
}

/** RSS per idle agent. */
export async function measureIdleAgents(service, { quick, say, node = [] }) {
  const count = quick ? 500 : 5_000;
  const settleMs = quick ? 15_000 : 60_000;
  await service.startServer({ node });
  // The first few agents load code and warm caches, which is no agent's cost.
  const first = await startLightAgents(service, 50, say);
  await pause(settleMs);
  const before = readMemory(service.server);
  say(`${Math.round(before / MIB)} MiB with the first 50`);
  const fleet = await startLightAgents(service, count, say);
  const peak = readMemory(service.server);
  await pause(settleMs);
  const connected = await ask(fleet, "count");
  if (connected !== count) throw new Error(`${connected} of ${count} agents are connected`);
  const each = (readMemory(service.server) - before) / count / 1024;
  await ask(first, "close");
  await ask(fleet, "close");
  await pause(settleMs);
  return {
    title: `server's memory per idle agent, ${count} agents`,
    goal: `at most ${GOAL_KIB} KiB each`,
    figure: `${each.toFixed(1)} KiB`,
    met: each <= GOAL_KIB,
    details: {
      agents: count,
      kibEach: each,
      peakKibEach: (peak - before) / count / 1024,
      mibBefore: before / MIB,
      mibAfterAllLeft: readMemory(service.server) / MIB,
    },
  };
}

/** The server is killed and started again. */
export async function measureReturn(service, { quick, say }) {
  const count = quick ? 200 : 1_000;
  await service.startServer();
  const fleet = await startLightAgents(service, count, say);
  await ask(fleet, "comeBack");
  await service.stopServer("SIGKILL");
  await pause(quick ? 3_000 : 15_000);
  await service.startServer();
  const since = performance.now();
  const waits = [];
  for (let last = 0; last < count;) {
    last = await waitFor("the next agent", async () => {
      const connected = await ask(fleet, "count");
      return connected > last && connected;
    });
    waits.push([(performance.now() - since) / 1000, last]);
  }
  const seconds = waits.at(-1)[0];
  return {
    title: `${count} agents back after the server was killed and started`,
    goal: `${GOAL_BACK_S} s`,
    figure: `${seconds.toFixed(1)} s`,
    met: seconds <= GOAL_BACK_S,
    details: { agents: count, seconds, waits },
  };
}
