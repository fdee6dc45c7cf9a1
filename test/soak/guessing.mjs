// Guessing of passwords from a thousand sources at once, while people work and sign in.
import { ask } from "./ipc.mjs";
import { quantile } from "./measurements.mjs";
import { pause } from "./service.mjs";

const SOURCES = 1_000;
const GOAL_MORE_MS = 20;
const GOAL_SIGN_IN_MS = 2_000;
/** Her own address and, with the cookie of her browser, another one. */
const OWNER = { name: "owner", home: "127.0.0.9", away: "127.0.0.10" };
const SIGN_INS = 10;

export async function measureGuessing(service, { quick, say }) {
  await service.startServer();
  const [token] = await service.startAgent("near");
  const { password } = await service.post("/users", { name: OWNER.name, role: "user" });
  const neighbour = service.fork("healthy-viewer.mjs");
  await ask(neighbour, "start", { port: service.rfb, token });
  const owner = service.fork("guessers.mjs");
  const place = { port: service.listen, name: OWNER.name, password };
  const first = await ask(owner, "signIn", { ...place, address: OWNER.home });
  if (first.status !== 200) throw new Error(`the owner's first sign-in: ${first.status}`);
  await ask(neighbour, "take");
  await pause(5_000);
  const calm = await ask(neighbour, "take");
  const crowd = service.fork("guessers.mjs");
  const count = quick ? 200 : SOURCES;
  await ask(crowd, "begin", { port: service.listen, names: [OWNER.name, "admin", "root"], count });
  const visits = [];
  for (let i = 0; i < SIGN_INS; i += 1) {
    await pause(1_000);
    const address = i % 2 === 0 ? OWNER.home : OWNER.away;
    visits.push(await ask(owner, "signIn", { ...place, address, device: first.device }));
  }
  const guessed = await ask(crowd, "end");
  const times = await ask(neighbour, "take");
  say(`answers to guesses: ${JSON.stringify(guessed)}`);
  const p99 = { calm: quantile(calm, 0.99), guessed: quantile(times, 0.99) };
  const refused = visits.filter(({ status }) => status !== 200).map(({ status }) => status);
  const slowest = Math.max(...visits.map(({ ms }) => ms));
  return {
    title: `guessing from ${count} sources at once`,
    goal: `the owner signs in within ${GOAL_SIGN_IN_MS / 1000} s; a running session's p99 at most ${GOAL_MORE_MS} ms more`,
    figure:
      `${visits.length - refused.length} of ${visits.length} sign-ins, the slowest ${slowest.toFixed(0)} ms; ` +
      `p99 ${p99.calm.toFixed(1)} to ${p99.guessed.toFixed(1)} ms`,
    met: refused.length === 0 && slowest < GOAL_SIGN_IN_MS && p99.guessed - p99.calm <= GOAL_MORE_MS,
    details: { count, guessed, visits, p99Ms: p99, longestMs: Math.max(...times) },
  };
}
