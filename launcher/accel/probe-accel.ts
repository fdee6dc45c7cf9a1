import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Clock, Accel } from "../../protocol/index.ts";
import { jsonArgument } from "../model/argument-syntax.ts";
import { childEnvironment } from "../system/child-process.ts";
import { judgeProbe, readMarkers, type ProbeRun, type ProbeResult } from "./judge-probe.ts";
import { buildProbeGuest, EXIT_PORT, MARKER_PORT } from "./probe-guest.ts";

const TIMEOUT_MS = 1000;

/**
 * Finds out whether KVM works, by running real guest code: `/dev/kvm` alone proves nothing.
 * @param program QEMU
 * @param scratchDir where the guest's image is put for a moment
 */
export async function probeAccel(program: string, scratchDir: string, clock: Clock): Promise<ProbeResult> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return { accel: "tcg", why: "/dev/kvm is missing or not ours to use" };
  }
  const probe = { program, accel: "kvm", scratchDir, clock } as const;
  const first = judgeProbe(await runProbeGuest(probe));
  // A busy host can delay one marker; a KVM that fails or is slow does so twice.
  return first.accel === "kvm" ? first : judgeProbe(await runProbeGuest(probe));
}

export interface ProbeOptions {
  /** QEMU. */
  readonly program: string;
  readonly accel: Accel;
  readonly scratchDir: string;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** Runs the probe guest once. */
export async function runProbeGuest({
  program,
  accel,
  scratchDir,
  clock,
  timeoutMs = TIMEOUT_MS,
}: ProbeOptions): Promise<ProbeRun> {
  const folder = await mkdtemp(join(scratchDir, "probe-"));
  const image = join(folder, "guest.bin");
  try {
    await writeFile(image, buildProbeGuest(), { mode: 0o600 });
    const begun = clock.monotonic();
    let markers: ProbeRun["markers"] = {};
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
      markers = readMarkers(markers, chunk.toString("latin1"), clock.monotonic() - begun);
    });
    const cancel = clock.after(timeoutMs, () => subprocess.kill("SIGKILL"));
    await subprocess;
    cancel();
    return { markers, totalMs: clock.monotonic() - begun };
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
