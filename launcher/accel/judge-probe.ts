import type { Accel } from "../../protocol/index.ts";

/** When the guest's markers arrived, in milliseconds from the start; a marker that did not arrive is absent. */
export interface ProbeRun {
  readonly markers: { readonly A?: number; readonly B?: number; readonly C?: number };
  /** From the start to the end of QEMU, or to the timeout. */
  readonly totalMs: number;
}

export interface ProbeResult {
  readonly accel: Accel;
  /** For the log and for administrators. */
  readonly why: string;
}

const MAX_COUNT_MS = 50;
const MAX_TOTAL_MS = 1000;

/** Whether KVM is worth using: the guest counted to the end, and faster than under emulation. */
export function judgeProbe(run: ProbeRun): ProbeResult {
  const { A, B, C } = run.markers;
  if (A === undefined) return { accel: "tcg", why: "KVM did not start a guest" };
  if (B === undefined) return { accel: "tcg", why: "KVM did not finish counting in real mode" };
  if (C === undefined) return { accel: "tcg", why: "KVM did not finish counting in long mode" };
  const [real, long] = [B - A, C - B];
  if (real > MAX_COUNT_MS) return { accel: "tcg", why: `KVM is slow in real mode (${Math.round(real)} ms)` };
  if (long > MAX_COUNT_MS) return { accel: "tcg", why: `KVM is slow in long mode (${Math.round(long)} ms)` };
  if (run.totalMs > MAX_TOTAL_MS)
    return { accel: "tcg", why: `KVM took ${Math.round(run.totalMs)} ms for a tiny guest` };
  return { accel: "kvm", why: "KVM ran a guest at full speed" };
}

/** Adds the markers in a chunk of the guest's output, each with its time of arrival. */
export function readMarkers(markers: ProbeRun["markers"], chunk: string, atMs: number): ProbeRun["markers"] {
  let read = markers;
  for (const letter of ["A", "B", "C"] as const)
    if (chunk.includes(letter)) read = { ...read, [letter]: atMs };
  return read;
}
