import { readFile } from "node:fs/promises";
import path from "node:path";
import { runInForeground } from "./command.mjs";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";

/** Commands whose folder in node_modules has another name. */
const PACKAGES = { tsc: "typescript-7", depcruise: "dependency-cruiser" };

/** The script of a command in node_modules. @throws Problem when it is not installed */
export async function findTool(name) {
  const folder = inRoot("node_modules", PACKAGES[name] ?? name);
  try {
    const { bin } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    return path.join(folder, typeof bin === "string" ? bin : bin[name]);
  } catch {
    throw new Problem(`${name} is not installed. Run \`npm ci\` in this folder first.`);
  }
}

/** Runs a tool or a script on this terminal; returns its exit status. */
export async function runTool([name, ...args]) {
  if (name === undefined) throw new Problem("Say what to run: a tool of node_modules, or a script.");
  const script = /\.(mjs|ts)$/.test(name) ? inRoot(name) : await findTool(name);
  return runInForeground(process.execPath, [script, ...args]);
}
