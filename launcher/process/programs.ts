import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface Programs {
  readonly qemu: string;
  readonly qemuImg: string;
}

/** QEMU's programs on the search path; null if one is missing. */
export function findPrograms(searchPath: string | undefined): Programs | null {
  const qemu = findProgram("qemu-system-x86_64", searchPath);
  const qemuImg = findProgram("qemu-img", searchPath);
  return qemu === null || qemuImg === null ? null : { qemu, qemuImg };
}

function findProgram(name: string, searchPath = ""): string | null {
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
