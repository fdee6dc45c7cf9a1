// `npm run build`: compiles the programs to dist/ and the pages to dist/web/client. Skipped if no source
// changed.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundlePrograms } from "./bundle-programs.mjs";
import { runCommand } from "./command.mjs";
import { compressPages } from "./compress-pages.mjs";
import { inRoot } from "./paths.mjs";
import { Problem, runEntry } from "./problem.mjs";
import { Progress } from "./progress.mjs";
import { findTool } from "./tools.mjs";
import { fingerprintFiles, listFiles } from "./sources.mjs";

const SOURCE_FOLDERS = [
  "protocol",
  "proxy",
  "agent",
  "launcher",
  "orchestrator",
  "web/api",
  "web/server",
  "bin",
];
const TOOLS = [
  "package-lock.json",
  "tsconfig.json",
  "bin/setup/build.mjs",
  "bin/setup/bundle-programs.mjs",
  "bin/setup/compress-pages.mjs",
];
const CLIENT_CONFIG = "web/client/vite.config.ts";
const MAIN = "dist/bin/main.js";
const STAMP = inRoot("dist/.stamp");

const BUILD_TARGETS = [
  {
    name: "programs",
    title: "Build the programs",
    inputs: async () => [...TOOLS, ...(await listProgramFiles())],
    output: MAIN,
    build: buildPrograms,
  },
  {
    name: "pages",
    title: "Build the pages",
    inputs: async () => [...TOOLS, ...(await listFiles(["web/client", "web/api", "protocol"]))],
    output: "dist/web/client/index.html",
    build: buildPages,
  },
];

async function listProgramFiles() {
  return (await listFiles(SOURCE_FOLDERS)).filter((file) => !file.startsWith(path.join("bin", "setup")));
}

async function buildPrograms(note) {
  await runTool("tsc", ["-p", "tsconfig.json"], "The programs do not compile", note);
  const files = await listProgramFiles();
  for (const file of files.filter(isAsset)) {
    await mkdir(path.dirname(inRoot("dist", file)), { recursive: true });
    await copyFile(inRoot(file), inRoot("dist", file));
  }
  await removeLeftovers(new Set(files));
  await bundlePrograms(MAIN);
}

function isAsset(file) {
  return ![".ts", ".tsx", ".md"].includes(path.extname(file)) && path.extname(file) !== "";
}

/** Without this, imports would still find compiled files whose source was deleted. */
async function removeLeftovers(sources) {
  for (const file of await listFiles(SOURCE_FOLDERS.map((room) => path.join("dist", room)))) {
    const source = path.relative("dist", file);
    if (sources.has(source) || sources.has(source.replace(/\.js(\.map)?$/, ".ts"))) continue;
    await rm(inRoot(file));
  }
}

async function buildPages(note) {
  await runTool("tsc", ["-p", "web/client/tsconfig.json"], "The pages do not compile", note);
  const args = ["build", "--config", CLIENT_CONFIG, "--logLevel", "warn"];
  await runTool("vite", args, "The pages could not be built", note);
  await compressPages("dist/web/client");
}

async function runTool(tool, args, complaint, note) {
  const { code, output } = await runCommand(process.execPath, [await findTool(tool), ...args], { note });
  if (code !== 0) throw new Problem(`${complaint}; the compiler's words are above.`, output);
}

async function readStamp() {
  try {
    return JSON.parse(await readFile(STAMP, "utf8"));
  } catch {
    return {};
  }
}

async function writeStamp(stamp) {
  await mkdir(path.dirname(STAMP), { recursive: true });
  const fresh = `${STAMP}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(stamp)}\n`);
  await rename(fresh, STAMP);
}

/** Updates dist/, part by part. */
export async function build(progress) {
  const stamp = await readStamp();
  for (const part of BUILD_TARGETS) {
    if (part.name === "pages" && !existsSync(inRoot(CLIENT_CONFIG))) {
      progress.warn(part.title, `skipped, because ${CLIENT_CONFIG} does not exist.`);
      continue;
    }
    const fingerprint = await fingerprintFiles(await part.inputs());
    if (stamp[part.name] === fingerprint && (await stat(inRoot(part.output)).catch(() => undefined))) {
      progress.skip(part.title, "nothing changed");
      continue;
    }
    // So that a build that fails halfway is not taken for complete.
    delete stamp[part.name];
    await writeStamp(stamp);
    await progress.step(part.title, part.build);
    stamp[part.name] = fingerprint;
    await writeStamp(stamp);
  }
}

/** Whether this is a checkout with its build tools, and not an installation that contains its dist/. */
export function canBuild() {
  return existsSync(inRoot("tsconfig.json")) && existsSync(inRoot("node_modules/typescript-7/bin/tsc"));
}

async function main(args) {
  const unknown = args.find((arg) => arg !== "--if-source");
  if (unknown !== undefined) throw new Problem(`Unknown argument: ${unknown}. Only --if-source is known.`);
  if (canBuild()) return build(new Progress());
  if (args.includes("--if-source")) return undefined;
  throw new Problem("The tools to build with are not installed. Run `npm ci` in this folder first.");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runEntry(() => main(process.argv.slice(2)));
