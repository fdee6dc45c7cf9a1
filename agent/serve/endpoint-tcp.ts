import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { findSocketRetransmissions } from "../../protocol/index.ts";
import type { Endpoint } from "../agent.ts";
import { isSameHost } from "./same-host.ts";

/** The TCP connection to a VNC server on another host, whose path may be cut without a word. */
export interface EndpointTcp {
  /**
   * How often the kernel has sent again what the VNC server's host has not acknowledged; null: it has acknowledged everything,
   * or that cannot be known (Linux says it). Never rejects.
   */
  countRetransmissions(): Promise<number | null>;
  /** Ends it, and makes the kernel forget what it has not sent: after a plain close it would go on trying for minutes. */
  reset(): void;
}

/** Null: its bytes do not leave this host, so nothing can cut them off. */
export function watchEndpointTcp(endpoint: Endpoint, socket: Socket): EndpointTcp | null {
  if (endpoint.kind !== "tcp" || isSameHost(endpoint)) return null;
  return {
    countRetransmissions: () => findSocketRetransmissions(socket, (file) => readFile(file, "latin1")),
    reset() {
      socket.resetAndDestroy();
    },
  };
}
