// A token among 100,000: how long finding it holds up everything else in the server's process. The real store and index are
// in this process; the gap between two turns of the event loop is what a session would feel.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { TokenIndex } from "../../dist/proxy/identify/token-index.js";
import { TokenScan } from "../../dist/proxy/identify/token-scan.js";
import { openStores } from "../../dist/proxy/index.js";
import { generateToken, systemClock, vncAuthResponse } from "../../dist/protocol/index.js";
import { quantile } from "./readings.mjs";

const GOAL_MS = 2;
const SEARCHES = 50;

/** Counts the turns of the event loop until `stop`, and how long each took. */
function watchLoop() {
  const gaps = [];
  let last = performance.now();
  let running = true;
  const turn = () => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
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
    index.add({ id: String(i), token, desktopId, role: "control", denied: [], expiresAt });
    made.set(String(i), token);
    if (i % 20_000 === 19_999) say(`${i + 1} tokens`);
  }
  const { candidates } = index;
  const scan = new TokenScan({ monotonic: () => performance.now(), yieldTo: setImmediate });
  const search = async () => {
    const wanted = String(Math.floor(Math.random() * count));
    const challenge = randomBytes(16);
    const found = await scan.match(
      { challenge, response: vncAuthResponse(made.get(wanted), challenge) },
      candidates,
    );
    if (!found.some(({ id }) => id === wanted)) throw new Error("a token was not found");
  };
  await search();
  const stop = watchLoop();
  const since = performance.now();
  for (let i = 0; i < SEARCHES; i += 1) await search();
  const each = (performance.now() - since) / SEARCHES;
  const gaps = stop();
  await stores.close();
  const [p99, longest] = [quantile(gaps, 0.99), Math.max(...gaps)];
  return {
    title: `a token among ${count}, ${SEARCHES} times`,
    goal: `the event loop held for ${GOAL_MS} ms at most (99.9 % of its turns)`,
    figure: `p99.9 ${quantile(gaps, 0.999).toFixed(2)} ms, longest ${longest.toFixed(2)} ms; a search takes ${each.toFixed(1)} ms`,
    met: quantile(gaps, 0.999) <= GOAL_MS,
    details: {
      tokens: count,
      p99Ms: p99,
      p999Ms: quantile(gaps, 0.999),
      longestMs: longest,
      turns: gaps.length,
      searchMs: each,
    },
  };
}
