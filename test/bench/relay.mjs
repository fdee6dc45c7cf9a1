// npm run bench [-- --rounds N --secs N]: throughput, CPU, round trip and first update through the product and through
// haproxy, in turn within one run. Trust the ratios, not the megabytes: they follow the machine's mood.
import { readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { folder, startHaproxy, startPostern, startSource, stopAll } from "./targets.mjs";
import { Viewer } from "./viewer.mjs";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, secs: { type: "string", default: "3" } },
});
const TICKS_PER_SECOND = 100;
const PINGS = 1000;
const CONNECTS = 30;

function cpuSeconds(pids) {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function withViewer(target, work) {
  const viewer = new Viewer(target);
  try {
    await viewer.enter(target.token);
    return await work(viewer);
  } finally {
    viewer.close();
  }
}

async function measure(target) {
  const flood = { width: 512, height: 512, depth: 8, ms: Number(values.secs) * 1000 };
  const small = { width: 32, height: 32, depth: 8, ms: Number(values.secs) * 1000 };
  const result = {};
  await withViewer(target, async (viewer) => {
    const before = cpuSeconds(target.pids);
    const bytes = await viewer.flood(flood);
    result.MBps = bytes / flood.ms / 1000;
    result.cpuPerGB = (cpuSeconds(target.pids) - before) / (bytes / 1e9);
  });
  await withViewer(target, async (viewer) => {
    result.smallMBps = (await viewer.flood(small)) / small.ms / 1000;
  });
  await withViewer(target, async (viewer) => {
    const times = [];
    for (let i = 0; i < PINGS; i += 1) times.push((await viewer.ping(64, 64)) * 1000);
    result.p50us = median(times);
  });
  const first = [];
  for (let i = 0; i < CONNECTS; i += 1) {
    const start = performance.now();
    await withViewer(target, (viewer) => viewer.ping(64, 64));
    first.push(performance.now() - start);
  }
  result.firstMs = median(first);
  return result;
}

const COLUMNS = [
  ["MBps", "MB/s", 0],
  ["cpuPerGB", "CPU s/GB", 2],
  ["smallMBps", "4 KiB updates MB/s", 0],
  ["p50us", "p50 µs", 0],
  ["firstMs", "first update ms", 1],
];

try {
  const source = await startSource();
  const targets = [await startHaproxy(source), await startPostern(source)].filter(Boolean);
  const runs = new Map(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const target of round % 2 ? [...targets].reverse() : targets) {
      process.stderr.write(`round ${round + 1} of ${values.rounds}: ${target.name}\n`);
      runs.get(target.name).push(await measure(target));
    }
  }
  const figures = targets.map(({ name }) => ({
    name,
    cells: COLUMNS.map(([key]) => median(runs.get(name).map((run) => run[key]))),
  }));
  console.log(`| target | ${COLUMNS.map(([, title]) => title).join(" | ")} |`);
  console.log(`|${" --- |".repeat(COLUMNS.length + 1)}`);
  const row = (name, cells) => console.log(`| ${name} | ${cells.join(" | ")} |`);
  for (const { name, cells } of figures)
    row(
      name,
      cells.map((value, i) => value.toFixed(COLUMNS[i][2])),
    );
  const [peer, ours] = figures;
  if (ours)
    row(
      "ratio",
      ours.cells.map((value, i) => `${(value / peer.cells[i]).toFixed(2)} x`),
    );
  else
    console.log("\nhaproxy is not installed, so there is nothing to compare with: apt-get install haproxy");
} finally {
  stopAll();
  rmSync(folder, { recursive: true, force: true });
}
