import type { DiskFormat } from "../../protocol/index.ts";
import { jsonArgument } from "./argument-syntax.ts";

export type BlockNode = Readonly<Record<string, unknown>>;

export function blockdev(node: BlockNode): string[] {
  return ["-blockdev", jsonArgument(node)];
}

export function hostFile(filename: string): BlockNode {
  return { driver: "file", filename };
}

export function rawFile(name: string, file: string): BlockNode {
  return { driver: "raw", "node-name": name, file: hostFile(file) };
}

/** A disk image of a named format; of a qcow2 no backing file is ever followed. */
export function imageNode(name: string, format: DiskFormat, file: string): BlockNode {
  const node = { driver: format, "node-name": name, file: hostFile(file) };
  return format === "qcow2" || format === "qed" ? { ...node, backing: null } : node;
}
