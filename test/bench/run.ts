// npm run bench [-- PART…] [--only NAME,…] [--quick] [--json FILE]: what the product and others like it cost. All targets
// take turns within one run. Trust the ratios, not the megabytes: they follow the machine's mood. See docs/performance.md.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TestCertificate } from "../support/certificate-files.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type BenchOptions, type BenchPart, parseBenchOptions } from "./bench-options.ts";
import { measurePicture, measureScene, PICTURE_COLUMNS, SCENE_COLUMNS } from "./desktops/measure-desktops.ts";
import { findMissingXvnc, PaintedDesktop } from "./desktops/painted-desktop.ts";
import { SCENES } from "./desktops/scenes.ts";
import { PEERS } from "./peers/index.ts";
import type { Target } from "./peers/peer.ts";
import { takeRealtimePriority } from "./realtime.ts";
import { isRelay, measureRelay, RELAY_COLUMNS } from "./relay.ts";
import { type Column, renderFigures, renderRatios } from "./report.ts";
import { takeTurns, type TurnsResult } from "./take-turns.ts";

const SOURCE = fileURLToPath(new URL("vnc-source.mjs", import.meta.url));
const USAGE = 64;
const INTERRUPTED = 130;

interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly results: readonly TurnsResult[];
}

const started = Date.now();
const say = (text: string): void =>
  void process.stderr.write(`[${Math.round((Date.now() - started) / 1_000)} s] ${text}\n`);

function readOptions(): BenchOptions {
  const names = PEERS.flatMap(({ name, targets }) => [name, ...targets]);
  try {
    return parseBenchOptions(process.argv.slice(2), [...new Set(names)]);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(USAGE);
  }
}

const options = readOptions();
const missing = new Map<string, string>();
const wanted = PEERS.filter(
  ({ name, targets }) =>
    options.only.length === 0 || [name, ...targets].some((one) => options.only.includes(one)),
).filter((peer) => {
  const remedy = peer.findMissing();
  if (remedy !== undefined) missing.set(peer.name, remedy);
  return remedy === undefined;
});
const cleanup = new CleanupStack();

async function startTargets(vncPort: number): Promise<Target[]> {
  const certificate = await TestCertificate.make(cleanup);
  const targets: Target[] = [];
  for (const peer of wanted) {
    say(`starts ${peer.name}`);
    const offered = await peer.start({ cleanup, certificate, vncPort });
    const isWanted = ({ name }: Target): boolean =>
      options.only.length === 0 || options.only.includes(peer.name) || options.only.includes(name);
    targets.push(...offered.filter(isWanted));
  }
  return targets;
}

async function startSource(): Promise<number> {
  const source = fork(SOURCE);
  cleanup.add({
    stop: async () => {
      const gone = once(source, "exit");
      source.kill("SIGKILL");
      await gone;
    },
  });
  const [{ port }] = (await once(source, "message")) as [{ port: number }];
  return port;
}

const PARTS: Readonly<Record<BenchPart, () => Promise<Table[]>>> = {
  async relay() {
    const targets = (await startTargets(await startSource())).filter(isRelay);
    const results = await takeTurns(targets, options.rounds, (target, round) => {
      say(`relay, round ${round + 1} of ${options.rounds}: ${target.name}`);
      return measureRelay(target, options);
    });
    return [{ title: "Relay", columns: RELAY_COLUMNS, results }];
  },

  async desktops() {
    const remedy = findMissingXvnc();
    if (remedy !== undefined) {
      missing.set("Xvnc", remedy);
      return [];
    }
    const desktop = await PaintedDesktop.start(cleanup);
    const targets = await startTargets(desktop.port);
    await desktop.show("typing");
    const pictures = await takeTurns(targets, options.rounds, (target, round) => {
      say(`first picture, round ${round + 1} of ${options.rounds}: ${target.name}`);
      return measurePicture(target, options);
    });
    const tables: Table[] = [{ title: "First picture", columns: PICTURE_COLUMNS, results: pictures }];
    for (const scene of SCENES) {
      await desktop.show(scene.name);
      const results = await takeTurns(targets, options.rounds, (target, round) => {
        say(`${scene.name}, round ${round + 1} of ${options.rounds}: ${target.name}`);
        return measureScene(target, { desktop, scene, ms: options.sceneMs });
      });
      const title = `${scene.title}; ${scene.sessions === 1 ? "1 session" : `${scene.sessions} sessions`}`;
      tables.push({ title, columns: SCENE_COLUMNS, results });
    }
    return tables;
  },
};

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void cleanup.close().finally(() => process.exit(INTERRUPTED)));

const realtime = options.realtime && takeRealtimePriority();
const tables: Table[] = [];
for (const part of options.parts) {
  try {
    tables.push(...(await PARTS[part]()));
  } finally {
    await cleanup.close();
  }
}

for (const { title, columns, results } of tables) {
  console.log(`\n${title}\n\n${renderFigures(columns, results)}`);
  const ratios = renderRatios(columns, results);
  if (ratios !== "") console.log(`\n${ratios}`);
}
if (!realtime) console.log("\nWithout real-time priority: expect more noise.");
for (const [name, remedy] of missing) console.log(`\n${name} is missing: ${remedy}`);

mkdirSync(path.dirname(options.json), { recursive: true });
const about = { node: process.version, cores: cpus().length, realtime, at: new Date(started) };
const report = { ...about, options, missing: Object.fromEntries(missing), tables };
writeFileSync(options.json, JSON.stringify(report, null, 2));
