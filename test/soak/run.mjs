// npm run soak [-- NAME…] [--quick] [--json FILE]: what must hold for long or with many. See docs/performance.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureIdleAgents, measureReturn } from "./agents.mjs";
import { measureChurn } from "./churn.mjs";
import { measureEverything } from "./everything.mjs";
import { measureFlood } from "./flood.mjs";
import { measureGrants } from "./grants.mjs";
import { measureGuessing } from "./guessing.mjs";
import { measureMutatedInput } from "./mutated-input.mjs";
import { measureStalledReaders } from "./stalled-readers.mjs";
import { Service } from "./service.mjs";
import { measureTokens } from "./tokens.mjs";

const MEASUREMENTS = {
  readers: measureStalledReaders,
  flood: measureFlood,
  agents: measureIdleAgents,
  return: measureReturn,
  tokens: measureTokens,
  guessing: measureGuessing,
  grants: measureGrants,
  mutants: measureMutatedInput,
  churn: measureChurn,
  everything: measureEverything,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string", default: "test/results/soak.json" },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS);
const unknown = names.find((name) => !(name in MEASUREMENTS));
if (unknown !== undefined) {
  console.error(`There is no ${unknown}. Choose from: ${Object.keys(MEASUREMENTS).join(", ")}.`);
  process.exit(64);
}

const results = [];
const started = Date.now();
let service;
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await service?.close();
    process.exit(130);
  });

for (const name of names) {
  const say = (text) =>
    process.stderr.write(`[${Math.round((Date.now() - started) / 1000)} s] ${name}: ${text}\n`);
  say("starts");
  service = new Service();
  try {
    results.push({ name, ...(await MEASUREMENTS[name](service, { quick: values.quick, say })) });
  } catch (error) {
    say(error.stack);
    results.push({ name, title: "did not finish", goal: "", figure: error.message, met: false });
  } finally {
    await service.close();
  }
  say(results.at(-1).met ? "holds" : "DOES NOT HOLD");
}

console.log("| what | goal | measured | holds |\n| --- | --- | --- | --- |");
for (const { title, goal, figure, met } of results)
  console.log(`| ${title} | ${goal} | ${figure} | ${met ? "yes" : "**no**"} |`);
mkdirSync(path.dirname(values.json), { recursive: true });
const about = { node: process.version, cores: cpus().length, quick: values.quick, at: new Date(started) };
writeFileSync(values.json, JSON.stringify({ ...about, results }, null, 2));
process.exitCode = results.every(({ met }) => met) ? 0 : 1;
