import type { Clock } from "../../../protocol/index.ts";
import { probeAccel, runProbeGuest } from "../../accel/probe-accel.ts";
import type { SysTree } from "../../system/sys-tree.ts";
import type { AccelFacts } from "../doctor-facts.ts";

/** Emulation of the probe's guest takes some hundred milliseconds, and more on a busy host. */
const TCG_PATIENCE_MS = 15_000;
/** KVM that works takes a few; a crawling one is not worth the wait. */
const KVM_PATIENCE_MS = 5_000;

/** Runs the probe's guest by KVM and by emulation. */
export async function collectAccelFacts(
  tree: SysTree,
  qemu: string | null,
  scratchDir: string,
  clock: Clock,
): Promise<AccelFacts> {
  const there = await tree.exists("dev/kvm");
  const device = !there ? "absent" : (await tree.isAccessible("dev/kvm")) ? "open" : "closed";
  if (qemu === null || device !== "open") return { device, result: null, kvmMs: null, tcgMs: null };
  const verdict = await probeAccel(qemu, scratchDir, clock);
  const [kvm, tcg] = [
    await runProbeGuest(qemu, "kvm", scratchDir, clock, KVM_PATIENCE_MS),
    await runProbeGuest(qemu, "tcg", scratchDir, clock, TCG_PATIENCE_MS),
  ];
  return { device, result: verdict, kvmMs: countMs(kvm.markers), tcgMs: countMs(tcg.markers) };
}

function countMs({ A, C }: { readonly A?: number; readonly C?: number }): number | null {
  return A === undefined || C === undefined ? null : C - A;
}
