import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Architecture } from "../../protocol/index.ts";

export interface QemuPrograms {
  readonly qemuImg: string;
  /** The emulators that are installed. */
  readonly qemu: Readonly<Partial<Record<Architecture, string>>>;
  /** TPMs. */
  readonly swtpm: string | null;
  /** Shared folders. */
  readonly virtiofsd: string | null;
  /** Boot scripts that change a disk: virt-customize. */
  readonly customizer: string | null;
}

/** Where distributions keep virtiofsd, which is on no search path. */
const LIBRARY_FOLDERS = "/usr/libexec:/usr/lib/qemu";

/** The Debian package that brings each emulator. */
export const EMULATOR_PACKAGES: Readonly<Record<Architecture, string>> = {
  x86_64: "qemu-system-x86",
  aarch64: "qemu-system-arm qemu-efi-aarch64",
};

/** Why a guest of this architecture cannot run here, in a sentence with the remedy; null: it can. */
export function findMissingEmulator(programs: QemuPrograms | null, arch: Architecture): string | null {
  if (programs?.qemu[arch] !== undefined) return null;
  return `This host has no QEMU for ${arch}. Install it with: apt install ${EMULATOR_PACKAGES[arch]}`;
}

/** QEMU's programs on the search path; null: those that machines need are missing. */
export function findQemuPrograms(searchPath: string | undefined): QemuPrograms | null {
  const x86 = findProgram("qemu-system-x86_64", searchPath);
  const arm = findProgram("qemu-system-aarch64", searchPath);
  const qemuImg = findProgram("qemu-img", searchPath);
  if (qemuImg === null || (x86 === null && arm === null)) return null;
  return {
    qemuImg,
    qemu: { ...(x86 === null ? {} : { x86_64: x86 }), ...(arm === null ? {} : { aarch64: arm }) },
    swtpm: findProgram("swtpm", searchPath),
    virtiofsd: findProgram("virtiofsd", [searchPath, LIBRARY_FOLDERS].join(delimiter)),
    customizer: findProgram("virt-customize", searchPath),
  };
}

/** Its full path; null: it is not there. */
export function findProgram(name: string, searchPath = ""): string | null {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder, name);
    if (!file.startsWith("/")) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}
