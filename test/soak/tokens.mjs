// A token among 100,000: how long reading them and finding one holds up everything else in the server's process. The real
// store and index are in this process; the gap between two turns of the event loop is what a session would feel.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { TokenIndex } from "../../dist/proxy/identify/token-index.js";
import { TokenScan } from "../../dist/proxy/identify/token-scan.js";
import { openStores } from "../../dist/proxy/index.js";
import { generateToken, systemClock, vncAuthResponse } from "../../dist/protocol/index.js";
import { quantile } from "./measurements.mjs";

const GOAL_MS = 2;
const SEARCHES = 50;

function readCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * How long each turn of the event loop takes until `stop`: by the clock, and in processor time, which other programs on the
 * machine do not lengthen.
 */
function watchLoop() {
  const gaps = [];
  let [last, lastCpu] = [performance.now(), readCpu()];
  let running = true;
  const turn = () => {
    const [now, cpu] = [performance.now(), readCpu()];
    gaps.push({ ms: now - last, cpuMs: cpu - lastCpu });
    [last, lastCpu] = [now, cpu];
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    running = false;
    return gaps;
  };
}

export async function measureTokens(service, { quick, say }) {
  const count = quick ? 10_000 : 100_000;
  const database = `sqlite:${path.join(service.folder, "tokens.db")}`;
  const stores = await openStores({ database, masterKey: randomBytes(32) }, systemClock);
  const key = randomBytes(32);
  const agent = { id: "0".repeat(32), name: "soak", kind: "agent", publicKey: key.toString("base64") };
  await stores.agents.add(agent);
  const { id: desktopId } = await stores.desktops.publish(agent.id, "soak", null);
  const index = new TokenIndex(stores.tokens, systemClock);
  const made = new Map();
  const expiresAt = Date.now() + 86_400_000;
  for (let i = 0; i < count; i += 1) {
    const token = generateToken();
    const right = { desktopId, role: "control", createdBy: "soak", expiresAt };
    const { id } = await stores.tokens.create({ ...right, token });
    made.set(id, token);
    // What the database's statements leave behind is taken away between turns of the event loop.
    if (i % 100 === 99) await new Promise(setImmediate);
    if (i % 20_000 === 19_999) say(`${i + 1} tokens`);
  }
  const reading = await watch(() => index.prepare());
  const { candidates } = index;
  const ids = [...made.keys()];
  const scan = new TokenScan({ monotonic: () => performance.now(), yieldTo: setImmediate });
  const search = async () => {
    const wanted = ids[Math.floor(Math.random() * count)];
    const challenge = randomBytes(16);
    const found = await scan.match(
      { challenge, response: vncAuthResponse(made.get(wanted), challenge) },
      candidates,
    );
    if (!found.some(({ id }) => id === wanted)) throw new Error("a token was not found");
  };
  await search();
  const searching = await watch(async () => {
    for (let i = 0; i < SEARCHES; i += 1) await search();
  });
  await stores.close();
  const phases = { reading, searching };
  const describe = ({ cpuMs, clockMs }) =>
    `p99 ${cpuMs.p99.toFixed(2)} ms, longest ${cpuMs.longest.toFixed(2)} ms (by the clock ${clockMs.p99.toFixed(2)} and ${clockMs.longest.toFixed(2)} ms)`;
  return {
    title: `a token among ${count}, ${SEARCHES} times`,
    goal: `while it is searched, 99 % of the event loop's turns take at most ${GOAL_MS} ms of processor time`,
    figure: `read: ${describe(reading)}; searched: ${describe(searching)}; a search takes ${(searching.totalMs / SEARCHES).toFixed(1)} ms`,
    met: searching.cpuMs.p99 <= GOAL_MS,
    details: { tokens: count, ...phases },
  };
}

async function watch(work) {
  const stop = watchLoop();
  const since = performance.now();
  await work();
  const totalMs = performance.now() - since;
  const gaps = stop();
  return {
    turns: gaps.length,
    totalMs,
    cpuMs: summarize(gaps.map(({ cpuMs }) => cpuMs)),
    clockMs: summarize(gaps.map(({ ms }) => ms)),
  };
}

function summarize(times) {
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), longest: Math.max(...times) };
}
