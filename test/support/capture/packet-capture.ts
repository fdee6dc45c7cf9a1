import { open } from "node:fs/promises";
import path from "node:path";
import type { CleanupStack } from "../cleanup-stack.ts";
import { PacketReader } from "./packet-reader.ts";
import { startProcess } from "../test-process.ts";
import { type TcpStream, TcpStreams } from "./tcp-streams.ts";

/** Everything that goes over a network's interfaces, as tcpdump sees it. Needs root. */
export interface PacketCapture {
  /** All TCP connections so far, in the order of their beginnings. */
  streams(): Promise<readonly TcpStream[]>;
}

/**
 * Captures from now on, until the owner closes; a packet that the kernel dropped is then an error.
 * @param via goes before the program, for instance `ip netns exec NAME`
 */
export async function startPacketCapture(
  cleanup: CleanupStack,
  filter: string,
  via: readonly string[] = [],
): Promise<PacketCapture> {
  const file = path.join(await cleanup.makeFolder(), "wire.pcap");
  const capture = ["-i", "any", "-n", "-U", "--immediate-mode", "-s", "0", "-B", "32768", "-Z", "root"];
  const [program = "tcpdump", ...before] = [...via, "tcpdump"];
  const tcpdump = startProcess(cleanup, program, [...before, ...capture, "-w", file, filter]);
  cleanup.add({
    stop: async () => {
      await tcpdump.stop("SIGINT");
      if (!/\n0 packets dropped by kernel/.test(tcpdump.stderr)) throw new Error(tcpdump.stderr);
    },
  });
  await tcpdump.waitForOutput(/listening on/);
  const packets = new PacketReader();
  const streams = new TcpStreams();
  const handle = await tcpdump.waitUntil("its file", () => open(file, "r"));
  cleanup.add({ stop: () => handle.close() });
  let position = 0;
  return {
    streams: async () => {
      const { size } = await handle.stat();
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(size - position),
        0,
        size - position,
        position,
      );
      position += bytesRead;
      for (const packet of packets.push(buffer.subarray(0, bytesRead))) streams.add(packet);
      return streams.all;
    },
  };
}
