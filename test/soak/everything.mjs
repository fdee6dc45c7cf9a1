// Everything at once for long: sessions, machines, tokens, lists, streams, wrong tokens, agents that die and come back.
import http from "node:http";
import net from "node:net";
import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { ask } from "./ipc.mjs";
import { countFiles, MIB, readMemory, slopeOf } from "./measurements.mjs";
import { pause, PROBE, waitFor } from "./service.mjs";
import { Viewer } from "../bench/viewer.ts";

/** For the last connections to be closed on all sides. */
const REST_MS = 3_000;
/** The first part of the time fills caches, whose growth is no slope. */
const WARM_SHARE = 0.4;
/** Growth for each minute of it. */
const GOALS = { heap: 64 * 1024, memory: 256 * 1024, files: 0.1, rows: 0.2 };
/** A few minutes show only what runs away. */
const QUICK_FACTOR = 30;
/** Sessions have a limit of their own, join secrets live for an hour, and revoked tokens stay for a day. */
const LIMITED_TABLES = new Set(["sessions", "join_secrets", "tokens"]);
const VNC_AUTH = 2;

/** What somebody does again and again, until the pause in which things are counted. */
class Act {
  #run;
  #going = false;
  #over = Promise.resolve();
  rounds = 0;
  failures = new Map();

  constructor(run) {
    this.#run = run;
  }

  start() {
    this.#going = true;
    this.#over = (async () => {
      while (this.#going) {
        try {
          await this.#run(this.rounds);
          this.rounds += 1;
        } catch (error) {
          this.failures.set(error.message, (this.failures.get(error.message) ?? 0) + 1);
          await pause(500);
        }
      }
    })();
  }

  async stop() {
    this.#going = false;
    await this.#over;
  }
}

async function waitForState(service, id, state) {
  const find = async () => {
    const machine = await service.get(`/machines/${id}`);
    if (machine.state === "failed") throw new Error(`the machine failed: ${machine.reason}`);
    return machine.state === state && machine;
  };
  return waitFor(`a machine that is ${state}`, find, 60_000);
}

/** A machine's life, and somebody at its screen. */
async function liveOnce(service) {
  const { id, name } = await service.post("/machines", { image: "memtest86+" });
  const act = (what, body) => service.post(`/machines/${id}/${what}`, body);
  try {
    await waitForState(service, id, "running");
    const desktop = await waitFor("its screen", async () => (await service.get(`/machines/${id}`)).desktopId);
    const { token } = await service.post("/tokens", { desktop, ttlSeconds: 60 });
    const viewer = new Viewer({ port: service.rfb });
    await viewer.enter(token);
    viewer.request(64, 64);
    await act("pause");
    await act("resume");
    await act("stop", { force: false });
    await act("keep");
    viewer.close();
    await act("stop", { force: true });
    await waitForState(service, id, "stopped");
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  } finally {
    await service.send("DELETE", `/machines/${id}`);
  }
}

/** From an address of its own, so that nobody else waits for it. */
function guess(port, round) {
  const address = `127.0.${10 + (round % 200)}.${1 + (Math.floor(round / 200) % 200)}`;
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", localAddress: address });
    let step = 0;
    socket.on("data", () => {
      step += 1;
      if (step === 1) socket.write("RFB 003.008\n");
      else if (step === 2) socket.write(Buffer.of(VNC_AUTH));
      else if (step === 3) socket.write(randomBytes(16));
      else socket.end();
    });
    socket.on("error", () => undefined).on("close", resolve);
    setTimeout(() => socket.destroy(), 5_000).unref();
  });
}

/** Looks at the wall: the stream, and the lists. */
async function lookAtWall(service) {
  const stream = http.get({ socketPath: service.adminSocket, path: "/api/v1/events" }, (response) =>
    response.resume(),
  );
  stream.on("error", () => undefined);
  for (const list of ["machines", "desktops", "sessions", "agents", "tokens", "images", "service"])
    await service.get(`/${list}`);
  await pause(2_000);
  stream.destroy();
}

async function giveAndTake(service) {
  const { id } = await service.post("/tokens", { desktop: "soak", ttlSeconds: 60 });
  await service.post("/tickets", { desktop: "soak" });
  await service.post("/join-secrets");
  await service.send("DELETE", `/tokens/${id}`);
  await pause(200);
}

function countRows(file) {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = db.prepare("select name from sqlite_master where type = 'table'").all();
    return Object.fromEntries(
      tables.map(({ name }) => [name, db.prepare(`select count(*) as count from "${name}"`).get().count]),
    );
  } finally {
    db.close();
  }
}

export async function measureEverything(service, { quick, say }) {
  const [ms, everyMs] = quick ? [180_000, 20_000] : [3_600_000, 60_000];
  await service.startServer({ node: PROBE });
  const [token] = await service.startAgent("soak");
  await service.startHost();
  const crowd = service.fork("viewer-load.mjs");
  const mortal = await service.startMortalAgent();
  const acts = {
    machines: new Act(() => liveOnce(service)),
    guesses: new Act((round) => guess(service.rfb, round).then(() => pause(100))),
    walls: new Act(() => lookAtWall(service)),
    rights: new Act(() => giveAndTake(service)),
    returns: new Act((round) => mortal.dieAndReturn(round).then(() => pause(5_000))),
  };
  const processes = { server: service.server, agent: service.agent, host: service.host };
  const points = [];
  const begin = performance.now();
  while (performance.now() < begin + ms) {
    await ask(crowd, "visit", { port: service.rfb, token, atOnce: 2 });
    for (const act of Object.values(acts)) act.start();
    await pause(everyMs);
    await Promise.all([ask(crowd, "stopVisits"), ...Object.values(acts).map((act) => act.stop())]);
    // At rest: what open sessions hold is no slope.
    await pause(REST_MS);
    const { heapUsed } = await ask(service.server, "heap");
    const memory = Object.fromEntries(Object.entries(processes).map(([name, it]) => [name, readMemory(it)]));
    const files = Object.fromEntries(Object.entries(processes).map(([name, it]) => [name, countFiles(it)]));
    const rows = countRows(`${service.folder}/server/postern.db`);
    points.push({ minute: (performance.now() - begin) / 60_000, heap: heapUsed, memory, files, rows });
    const inMib = Object.entries(memory).map(([name, bytes]) => `${name} ${(bytes / MIB).toFixed(0)}`);
    say(`heap ${(heapUsed / MIB).toFixed(1)} MiB, ${inMib.join(", ")} MiB`);
  }
  const late = points.slice(Math.floor(points.length * WARM_SHARE));
  const slope = (read) => slopeOf(late.map((point) => [point.minute, read(point)]));
  const slopes = { heap: slope(({ heap }) => heap) };
  const isOver = (kind, growth) => growth > GOALS[kind] * (quick ? QUICK_FACTOR : 1);
  const over = isOver("heap", slopes.heap) ? ["heap"] : [];
  for (const name of Object.keys(processes))
    for (const kind of ["memory", "files"]) {
      slopes[`${kind} of ${name}`] = slope((point) => point[kind][name]);
      if (isOver(kind, slopes[`${kind} of ${name}`])) over.push(`${kind} of ${name}`);
    }
  for (const table of Object.keys(late.at(-1).rows)) {
    slopes[`rows of ${table}`] = slope(({ rows }) => rows[table] ?? 0);
    if (!LIMITED_TABLES.has(table) && isOver("rows", slopes[`rows of ${table}`]))
      over.push(`rows of ${table}`);
  }
  const visits = await ask(crowd, "countVisits");
  const done = Object.entries(acts).map(([name, { rounds }]) => `${name} ${rounds}`);
  const failures = Object.fromEntries(
    Object.entries({ ...acts }).map(([name, act]) => [name, Object.fromEntries(act.failures)]),
  );
  say(`failures: ${JSON.stringify(failures)}; visits: ${JSON.stringify(await ask(crowd, "listRefusals"))}`);
  const perMinute = Object.entries(slopes)
    .filter(([name]) => /^(heap|memory)/.test(name))
    .map(([name, value]) => `${name} ${(value / 1024).toFixed(0)} KiB`);
  return {
    title: `everything for ${Math.round(ms / 60_000)} min: visits ${visits}, ${done.join(", ")}`,
    goal: "no slope in memory, descriptors, rows",
    figure: `each minute: ${perMinute.join(", ")}${over.length > 0 ? `; over the goal: ${over.join(", ")}` : ""}`,
    met: over.length === 0 && Object.values(acts).every(({ rounds }) => rounds > 0),
    details: { slopes, failures, points },
  };
}
