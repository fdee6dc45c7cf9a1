import type { Source } from "../admit/source.ts";
import type { Duplex } from "node:stream";
import { Mip1Entrance } from "./entrance.ts";
import type { Mip1Options } from "./options.ts";
import { AddressRanges } from "../admit/address-ranges.ts";
import { Mip1Room, type Mip1RoomParts } from "./room.ts";
import { Mip1Tickets } from "./tickets.ts";

/** Takes a connection inside TLS that speaks MiP 1, of which nothing has been read. */
export type AcceptMip1 = (socket: Duplex, source: Source, admitted: () => void) => Promise<void>;

export interface Mip1 {
  readonly room: Mip1Room;
  readonly acceptMip1: AcceptMip1;
}

/**
 * MiP 1 for the peers that may speak it; null when there are none.
 * @throws ConfigError `PEER_RANGE`
 */
export function openMip1(
  options: Mip1Options | undefined,
  parts: Omit<Mip1RoomParts, "tickets" | "options">,
): Mip1 | null {
  if (!options || options.allow.length === 0) return null;
  const allowed = new AddressRanges(options.allow, "PEER_RANGE");
  const tickets = new Mip1Tickets(parts.clock);
  const room = new Mip1Room({ ...parts, tickets, options });
  const entrance = new Mip1Entrance({ ...parts, allowed, room, tickets });
  return { room, acceptMip1: (...arrival) => entrance.acceptMip1(...arrival) };
}
