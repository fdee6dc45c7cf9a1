import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { findSocketRetransmissions } from "../../protocol/index.ts";

/** @see AcceptedViewer.countRetransmissions */
export function countRetransmissions(socket: Socket): Promise<number | null> {
  return findSocketRetransmissions(socket, (file) => readFile(file, "latin1"));
}
