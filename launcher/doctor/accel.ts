import type { Accel, Clock } from "../../protocol/index.ts";
import { probeAccel, runProbeGuest } from "../accel/probe-accel.ts";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import type { SysTree } from "../system/sys-tree.ts";

/** How long the little probe guest took, in milliseconds; null: it did not come to its end. */
export interface AccelFacts {
  readonly device: "absent" | "closed" | "open";
  /** Whether KVM is worth using; null: not tried. */
  readonly result: { readonly accel: Accel; readonly why: string } | null;
  readonly kvmMs: number | null;
  readonly tcgMs: number | null;
}

/** Emulation takes some hundred milliseconds for the probe's guest, and more on a busy host. */
const TCG_TIMEOUT_MS = 15_000;
/** KVM takes a few milliseconds; a slow one is not worth the wait. */
const KVM_TIMEOUT_MS = 5_000;

/** Runs the probe's guest by KVM and by emulation. */
export async function collectAccelFacts(
  tree: SysTree,
  qemu: string | null,
  { scratchDir, clock }: { readonly scratchDir: string; readonly clock: Clock },
): Promise<AccelFacts> {
  const exists = await tree.exists("dev/kvm");
  const device = !exists ? "absent" : (await tree.isAccessible("dev/kvm")) ? "open" : "closed";
  if (qemu === null || device !== "open") return { device, result: null, kvmMs: null, tcgMs: null };
  const result = await probeAccel(qemu, scratchDir, clock);
  const [kvm, tcg] = [
    await runProbeGuest({ program: qemu, accel: "kvm", scratchDir, clock, timeoutMs: KVM_TIMEOUT_MS }),
    await runProbeGuest({ program: qemu, accel: "tcg", scratchDir, clock, timeoutMs: TCG_TIMEOUT_MS }),
  ];
  return { device, result, kvmMs: countMs(kvm.markers), tcgMs: countMs(tcg.markers) };
}

function countMs({ A, C }: { readonly A?: number; readonly C?: number }): number | null {
  return A === undefined || C === undefined ? null : C - A;
}

/** Whether KVM is there, works, and is faster than emulation. Machines run without it too, slowly. */
export function checkAccel({ device, result, kvmMs, tcgMs }: AccelFacts): Finding[] {
  if (device === "absent") {
    return [
      adviceFinding(
        "kvm",
        "/dev/kvm is missing: machines are emulated (TCG), several times slower.",
        "Switch on VT-x or AMD-V in the firmware's set-up, then: modprobe kvm_intel, or modprobe kvm_amd. " +
          "Inside a virtual machine, its host must allow nested virtualisation.",
      ),
    ];
  }
  if (device === "closed") {
    return [
      missingFinding(
        "kvm",
        "/dev/kvm is closed to this account: machines are emulated (TCG), several times slower.",
        "usermod -aG kvm ACCOUNT, then log in again.",
      ),
    ];
  }
  if (result === null) return [];
  if (result.accel === "tcg") {
    return [
      adviceFinding(
        "kvm",
        `/dev/kvm is there, and not worth using: ${result.why}.${compare(kvmMs, tcgMs)} Machines are emulated (TCG).`,
        "Usual inside virtual machines whose host passes virtualisation on badly. A real machine, or a host with " +
          "better nested virtualisation, makes machines several times faster.",
      ),
    ];
  }
  return [okFinding("kvm", `KVM works.${compare(kvmMs, tcgMs)}`)];
}

function compare(kvmMs: number | null, tcgMs: number | null): string {
  if (kvmMs === null || tcgMs === null) return "";
  const times = `${kvmMs.toFixed(1)} ms against ${tcgMs.toFixed(1)} ms`;
  return kvmMs <= tcgMs
    ? ` It counts ${ratio(tcgMs, kvmMs)} times as fast as emulation (${times}).`
    : ` It counts ${ratio(kvmMs, tcgMs)} times slower than emulation (${times}).`;
}

function ratio(long: number, short: number): string {
  const value = long / Math.max(short, 0.01);
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
