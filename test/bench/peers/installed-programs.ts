import path from "node:path";
import { findProgram as findOnPath } from "../../../launcher/system/qemu-programs.ts";

/** Where Debian has servers, which is not on everybody's PATH. */
const MORE_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The program's path; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return findOnPath(name, [process.env.PATH, ...MORE_FOLDERS].join(path.delimiter)) ?? undefined;
}

/** @throws Error for a program that was not looked for before */
export function requireProgram(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`${name} is not installed.`);
  return found;
}
