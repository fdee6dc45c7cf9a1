import type { Clock } from "../../../protocol/index.ts";
import { probeAccel, runProbe } from "../../accel/probe.ts";
import type { SysTree } from "../../gpu/index.ts";
import type { AccelFacts } from "../facts.ts";

/** Emulation of the probe's guest takes some hundred milliseconds, and more on a busy host. */
const TCG_PATIENCE_MS = 15_000;
/** KVM that works takes a few; a crawling one is not worth the wait. */
const KVM_PATIENCE_MS = 5_000;

/** Runs the probe's guest by KVM and by emulation. */
export async function lookAtAccel(
  tree: SysTree,
  qemu: string | null,
  scratchDir: string,
  clock: Clock,
): Promise<AccelFacts> {
  const there = await tree.exists("dev/kvm");
  const device = !there ? "absent" : (await tree.isOurs("dev/kvm")) ? "open" : "closed";
  if (qemu === null || device !== "open") return { device, verdict: null, kvmMs: null, tcgMs: null };
  const verdict = await probeAccel(qemu, scratchDir, clock);
  const [kvm, tcg] = [
    await runProbe(qemu, "kvm", scratchDir, clock, KVM_PATIENCE_MS),
    await runProbe(qemu, "tcg", scratchDir, clock, TCG_PATIENCE_MS),
  ];
  return { device, verdict, kvmMs: countMs(kvm.marks), tcgMs: countMs(tcg.marks) };
}

function countMs({ A, C }: { readonly A?: number; readonly C?: number }): number | null {
  return A === undefined || C === undefined ? null : C - A;
}
