import type { MachineSpec } from "./machine-spec.ts";

/** A firmware's code, and the variables that each machine gets a copy of. */
interface FirmwareFiles {
  readonly code: string;
  readonly vars: string;
  /** The Debian package that brings them. */
  readonly package: string;
}

const OVMF = "/usr/share/OVMF";
const AAVMF = "/usr/share/AAVMF";

/** Null: the board's own BIOS. ARM boards have no BIOS. */
export function firmwareFiles(spec: Pick<MachineSpec, "arch" | "firmware">): FirmwareFiles | null {
  const { kind, secureBoot } = spec.firmware;
  if (spec.arch === "aarch64") {
    const signed = secureBoot ? ".ms" : "";
    return {
      code: `${AAVMF}/AAVMF_CODE${signed}.fd`,
      vars: `${AAVMF}/AAVMF_VARS${signed}.fd`,
      package: "qemu-efi-aarch64",
    };
  }
  if (kind === "bios" && !secureBoot) return null;
  return secureBoot
    ? { code: `${OVMF}/OVMF_CODE_4M.secboot.fd`, vars: `${OVMF}/OVMF_VARS_4M.ms.fd`, package: "ovmf" }
    : { code: `${OVMF}/OVMF_CODE_4M.fd`, vars: `${OVMF}/OVMF_VARS_4M.fd`, package: "ovmf" };
}
