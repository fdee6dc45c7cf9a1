import { adviceFinding, missingFinding, okFinding, type Finding } from "../../model/finding.ts";
import type { AccelFacts } from "../doctor-facts.ts";

/** Whether KVM is there, works, and is faster than emulation. Machines run without it too, slowly. */
export function checkAccel({ device, result: verdict, kvmMs, tcgMs }: AccelFacts): Finding[] {
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
  if (verdict === null) return [];
  if (verdict.accel === "tcg") {
    return [
      adviceFinding(
        "kvm",
        `/dev/kvm is there, and not worth using: ${verdict.why}.${compare(kvmMs, tcgMs)} Machines are emulated (TCG).`,
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
