import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Clock, Accel } from "../../protocol/index.ts";
import { jsonArgument } from "../model/argument-syntax.ts";
import { childEnvironment } from "../system/child-process.ts";
import { judgeProbe, readMarkers, type ProbeRun, type ProbeResult } from "./judge-probe.ts";
import { buildProbeGuest, EXIT_PORT, MARKER_PORT } from "./probe-guest.ts";

const GIVE_UP_MS = 1000;

/**
 * Tells by running real guest code whether KVM works. `/dev/kvm` alone proves nothing.
 * @param program QEMU
 * @param scratchDir where the guest's image is put for a moment
 */
export async function probeAccel(program: string, scratchDir: string, clock: Clock): Promise<ProbeResult> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return { accel: "tcg", why: "/dev/kvm is missing or not ours to use" };
  }
  const first = judgeProbe(await runProbeGuest(program, "kvm", scratchDir, clock));
  // A busy host can delay one mark; what aborts or crawls does so twice.
  return first.accel === "kvm" ? first : judgeProbe(await runProbeGuest(program, "kvm", scratchDir, clock));
}

/** Runs the probe guest once. */
export async function runProbeGuest(
  program: string,
  accel: Accel,
  scratchDir: string,
  clock: Clock,
  giveUpMs = GIVE_UP_MS,
): Promise<ProbeRun> {
  const folder = await mkdtemp(join(scratchDir, "probe-"));
  const image = join(folder, "guest.bin");
  try {
    await writeFile(image, buildProbeGuest(), { mode: 0o600 });
    const begun = clock.monotonic();
    let marks: ProbeRun["markers"] = {};
    const subprocess = execa(program, probeArguments(accel, image), {
      env: childEnvironment(),
      extendEnv: false,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      buffer: false,
      reject: false,
    });
    subprocess.stdout.on("data", (chunk: Buffer) => {
      marks = readMarkers(marks, chunk.toString("latin1"), clock.monotonic() - begun);
    });
    const cancel = clock.after(giveUpMs, () => subprocess.kill("SIGKILL"));
    await subprocess;
    cancel();
    return { markers: marks, totalMs: clock.monotonic() - begun };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function probeArguments(accel: Accel, image: string): string[] {
  return [
    ...["-no-user-config", "-nodefaults", "-display", "none", "-machine", "q35", "-m", "16M"],
    ...["-accel", accel, "-cpu", accel === "kvm" ? "host" : "max", "-bios", image],
    ...["-chardev", "stdio,id=marks,signal=off"],
    ...["-device", jsonArgument({ driver: "isa-debugcon", iobase: MARKER_PORT, chardev: "marks" })],
    ...["-device", jsonArgument({ driver: "isa-debug-exit", iobase: EXIT_PORT, iosize: 4 })],
  ];
}
