// Launcher and QEMU are killed again and again, at moments of chance. Afterwards nothing of a machine is left
// over, and nothing is there twice. Usage: node test/soak/kills.mjs [ROUNDS]; 50 rounds take about ten minutes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const rounds = Number(process.argv[2] ?? 50);
const folder = mkdtempSync(path.join(tmpdir(), "pt-"));
const stateDir = path.join(folder, "state");
const runtimeDir = path.join(folder, "run");
const catalogueFile = path.join(folder, "catalogue.json");

// A guest of one sector that makes the screen blue and halts.
const disk = Buffer.alloc(1_048_576);
Buffer.from("b82009bb1f00b9d007cd10fbf4ebfc", "hex").copy(disk);
disk.writeUInt16BE(0x55aa, 510);
writeFileSync(path.join(folder, "base.raw"), disk);
const image = {
  ...{ id: "small", title: "Small", description: "", firmware: { tpm: true } },
  ...{ memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } },
  boot: { kind: "disk", format: "raw", file: path.join(folder, "base.raw") },
};
writeFileSync(catalogueFile, JSON.stringify({ images: [image] }));
const options = {
  ...{
    catalogueFile,
    imagesDir: path.join(folder, "images"),
    stateDir,
    runtimeDir,
    accel: "tcg",
    stopGraceMs: 1000,
    allowedShares: [],
    networks: { allow: [], forward: [] },
    vmUser: "root",
    traversableFolders: [],
  },
  limits: { maxInstances: 10, maxLoad: 1000, memoryReserveMb: 0 },
};

/** Processes whose command line names our runtime folder. */
function processes() {
  const found = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const [program, ...rest] = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (/qemu-system|swtpm/.test(program) && rest.join(" ").includes(runtimeDir))
        found.push({ pid: Number(name), program: path.basename(program) });
    } catch {
      continue;
    }
  }
  return found;
}

function start(work) {
  const script = path.join(import.meta.dirname, "kills-launcher.mjs");
  return spawn(process.execPath, [script, JSON.stringify(options), work], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** What a launcher says in its one line. */
async function listen(child) {
  let text = "";
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes("\n")) return JSON.parse(text);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  throw new Error(`the launcher ended before it said anything (${child.exitCode ?? child.signalCode})`);
}

async function killAtRandom(round) {
  const child = start("work");
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await Promise.race([listen(child), exited]);
  await delay(Math.random() * 2500);
  const victims = processes().filter(({ program }) => program.startsWith("qemu"));
  if (round % 3 !== 0) for (const { pid } of victims.slice(0, 1)) process.kill(pid, "SIGKILL");
  if (round % 3 !== 1) child.kill("SIGKILL");
  else child.stdin.end();
  await exited;
}

/** A launcher that adopts what is there, and tells it: as many QEMUs as machines that run, and a TPM for each. */
async function check(round) {
  const child = start("look");
  const { running } = await listen(child);
  const now = processes();
  const qemus = now.filter(({ program }) => program.startsWith("qemu")).length;
  const tpms = now.filter(({ program }) => program === "swtpm").length;
  child.stdin.end();
  await new Promise((resolve) => child.once("exit", resolve));
  if (qemus !== running || tpms !== running)
    throw new Error(`round ${round}: ${running} machines run, with ${qemus} QEMUs and ${tpms} TPMs`);
}

try {
  for (let round = 1; round <= rounds; round++) {
    await killAtRandom(round);
    await check(round);
    process.stdout.write(`\r${round} of ${rounds} rounds`);
  }
  const last = start("clear");
  await listen(last);
  last.stdin.end();
  await new Promise((resolve) => last.once("exit", resolve));
  const left = [...processes(), ...readdirSync(runtimeDir), ...readdirSync(stateDir)];
  if (left.length > 0) throw new Error(`left over: ${JSON.stringify(left)}`);
  process.stdout.write("\nno orphan, no double, nothing left over\n");
} finally {
  for (const { pid } of processes()) process.kill(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
