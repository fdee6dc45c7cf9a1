import { readFile } from "node:fs/promises";
import { runCommand } from "./command.mjs";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";

/**
 * Whether npm's record of installed packages contains everything in the lock file. Optional packages (those
 * for other processors and systems) may be absent. Contents are compared, not dates, because a checkout
 * changes dates.
 */
export function matchesLock(lock, installed) {
  return Object.entries(lock.packages).every(([place, wanted]) => {
    if (place === "") return true;
    const found = installed.packages[place];
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

async function areInstalled() {
  const lock = JSON.parse(await readFile(inRoot("package-lock.json"), "utf8"));
  try {
    return matchesLock(lock, JSON.parse(await readFile(inRoot("node_modules/.package-lock.json"), "utf8")));
  } catch {
    return false;
  }
}

/** `npm ci`, unless node_modules already holds what package-lock.json asks for. */
export async function installDependencies(progress) {
  const title = "Node packages";
  if (await areInstalled()) {
    progress.skip(title, "in place");
    return;
  }
  await progress.step(title, async (note) => {
    // No package of the product needs an install script, and the product's own `prepare` would build within
    // this step.
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { code, output } = await runCommand("npm", args, { note });
    if (code === 0) return;
    throw new Problem(
      "The Node packages could not be installed: `npm ci` failed, and its words are above. " +
        "Most often the network or the registry is out of reach. Run the same command again once it is back.",
      output,
    );
  });
}
