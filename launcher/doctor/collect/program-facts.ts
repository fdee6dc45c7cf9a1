import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { findQemuPrograms } from "../../system/qemu-programs.ts";
import type { QemuFacts, ToolFacts } from "../doctor-facts.ts";

const PATIENCE_MS = 20_000;
const UEFI_FILES = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"];

export interface FoundPrograms {
  readonly qemu: string | null;
  readonly tools: ToolFacts;
  readonly facts: QemuFacts;
}

export async function collectProgramFacts(searchPath: string): Promise<FoundPrograms> {
  const programs = findQemuPrograms(searchPath);
  const qemu = programs?.qemu.x86_64 ?? (await find("qemu-system-x86_64", searchPath));
  return {
    qemu,
    facts: {
      version: qemu === null ? null : await readVersion(qemu),
      devices: qemu === null ? [] : await readDevices(qemu),
      img: (await find("qemu-img", searchPath)) !== null,
    },
    tools: {
      virtiofsd: (programs?.virtiofsd ?? null) !== null,
      swtpm: (programs?.swtpm ?? null) !== null,
      virtCustomize: (await find("virt-customize", searchPath)) !== null,
      readableKernel: await hasReadableKernel(),
      uefi: (await Promise.all(UEFI_FILES.map((file) => isAccessible(file, constants.R_OK)))).every(Boolean),
    },
  };
}

/** Every device of `-device help`, by name. */
export function parseDevices(help: string): string[] {
  return [...help.matchAll(/^name "([^"]+)"/gm)].map(([, name = ""]) => name);
}

async function readVersion(qemu: string): Promise<string | null> {
  const { stdout } = await execa(qemu, ["--version"], { reject: false, timeout: PATIENCE_MS });
  return /version (\d+\.\d+[.\d]*)/.exec(stdout)?.[1] ?? null;
}

async function readDevices(qemu: string): Promise<string[]> {
  const { stdout } = await execa(qemu, ["-device", "help"], { reject: false, timeout: PATIENCE_MS });
  return parseDevices(stdout);
}

async function hasReadableKernel(): Promise<boolean> {
  const kernels = (await readdir("/boot").catch(() => [])).filter((name) => name.startsWith("vmlinuz"));
  const readable = await Promise.all(
    kernels.map((name) => isAccessible(join("/boot", name), constants.R_OK)),
  );
  return readable.some(Boolean);
}

async function find(name: string, searchPath: string): Promise<string | null> {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder, name);
    if (file.startsWith("/") && (await isAccessible(file, constants.X_OK))) return file;
  }
  return null;
}

function isAccessible(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}
