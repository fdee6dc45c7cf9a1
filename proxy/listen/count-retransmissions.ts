import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { findRetransmissions, tcpTableOf } from "../../protocol/index.ts";

/** @see AcceptedViewer.countRetransmissions */
export async function countRetransmissions(socket: Socket): Promise<number | null> {
  const { localPort, remoteAddress, remotePort } = socket;
  if (localPort === undefined || remoteAddress === undefined || remotePort === undefined) return null;
  const table = await readFile(tcpTableOf(remoteAddress), "latin1").catch(() => "");
  return findRetransmissions(table, { localPort, remoteAddress, remotePort });
}
