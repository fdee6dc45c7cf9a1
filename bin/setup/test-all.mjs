import { readFile, rm } from "node:fs/promises";
import { build } from "./build.mjs";
import { checkSources } from "./checks.mjs";
import { runInForeground } from "./command.mjs";
import { installDependencies } from "./dependencies.mjs";
import {
  BUILD_PACKAGES,
  CUSTOMIZE_PACKAGES,
  installPackages,
  TEST_PACKAGES,
  VIEWER_PACKAGES,
} from "./packages.mjs";
import { inRoot, ROOT } from "./paths.mjs";
import { Problem } from "./problem.mjs";
import { Progress } from "./progress.mjs";
import { addTallies, countReport, formatTally, isGreen, listFailures } from "./tally.mjs";

/** The projects of `npm test`. */
const PROJECTS = ["unit", "fuzz", "contract", "e2e"];
/** Only run by name, because they take long. */
const OTHERS = ["compat"];
const LOWEST_PRIORITY = 19;
/** The real components in these tests are timing-sensitive: these projects run alone, after the others. */
const ALONE = ["e2e", "compat"];

async function runVitest(progress, projects) {
  const report = inRoot("test/results", `${projects.join("-")}.json`);
  await rm(report, { force: true });
  progress.say(`Tests: ${projects.join(", ")}`);
  const code = await runInForeground(process.execPath, [
    inRoot("node_modules/vitest/vitest.mjs"),
    "run",
    ...projects.flatMap((name) => ["--project", name]),
    "--allowOnly=false",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  if (code > 128) throw new Problem("The tests were interrupted.");
  const text = await readFile(report, "utf8").catch(() => undefined);
  const results = text === undefined ? undefined : JSON.parse(text);
  return { tally: countReport(results, code), failures: listFailures(results, ROOT) };
}

/** Installs, builds, checks and tests; returns the exit status. With names, only those vitest projects. */
export async function testAll(names) {
  const known = [...PROJECTS, ...OTHERS];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Problem(`There are no tests called ${unknown}. Choose from: ${known.join(", ")}.`);
  const progress = new Progress();
  const wanted = names.includes("compat")
    ? [...TEST_PACKAGES, ...BUILD_PACKAGES, ...CUSTOMIZE_PACKAGES, ...VIEWER_PACKAGES]
    : TEST_PACKAGES;
  await installPackages(progress, { wanted, need: "The tests need them", required: true });
  await installDependencies(progress);
  await build(progress);
  const outcomes = [];
  const chosen = names.length === 0 ? PROJECTS : names;
  const groups = [
    chosen.filter((name) => !ALONE.includes(name)),
    chosen.filter((name) => ALONE.includes(name)),
  ];
  const runGroups = async () => {
    for (const group of groups.filter(({ length }) => length > 0))
      outcomes.push(await runVitest(progress, group));
  };
  const check = async () => {
    if (names.length === 0) outcomes.push(await checkSources(progress, { priority: LOWEST_PRIORITY }));
  };
  // The checks of the sources take what the tests leave of the processors, from the first to the last.
  await Promise.all([runGroups(), check()]);
  const tally = addTallies(...outcomes.map(({ tally }) => tally));
  // Named again at the end: the output above is long, and often only its end is kept.
  for (const name of outcomes.flatMap(({ failures }) => failures)) progress.say(`failed: ${name}`);
  progress.say(`\n${formatTally(tally)}`);
  return isGreen(tally) ? 0 : 1;
}
