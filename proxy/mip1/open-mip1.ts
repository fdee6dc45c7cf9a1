import type { ConnectionSource } from "../model/connection-source.ts";
import type { Duplex } from "node:stream";
import { Mip1Acceptor } from "./mip1-acceptor.ts";
import type { Mip1Options } from "../model/mip1-options.ts";
import { AddressRanges } from "../limits/address-ranges.ts";
import { Mip1AgentRegistry, type Mip1AgentRegistryDependencies } from "./mip1-agent-registry.ts";
import { Mip1Tickets } from "./mip1-tickets.ts";

/** Takes a connection inside TLS that speaks MiP 1, of which nothing has been read. */
type AcceptMip1 = (socket: Duplex, source: ConnectionSource, authenticated: () => void) => Promise<void>;

export interface Mip1 {
  readonly agents: Mip1AgentRegistry;
  readonly acceptMip1: AcceptMip1;
  /** Whether this address may speak MiP 1. */
  readonly allows: (address: string) => boolean;
}

/**
 * MiP 1 for the peers that may speak it; null when there are none.
 * @throws ConfigError `PEER_RANGE`
 */
export function openMip1(
  options: Mip1Options | undefined,
  dependencies: Omit<Mip1AgentRegistryDependencies, "tickets" | "options">,
): Mip1 | null {
  if (!options || options.allow.length === 0) return null;
  const allowed = new AddressRanges(options.allow, "PEER_RANGE");
  const tickets = new Mip1Tickets(dependencies.clock);
  const agents = new Mip1AgentRegistry({ ...dependencies, tickets, options });
  const acceptor = new Mip1Acceptor({ ...dependencies, allowed, agents, tickets });
  return {
    agents,
    acceptMip1: (...connection) => acceptor.acceptMip1(...connection),
    allows: (address) => allowed.contains(address),
  };
}
