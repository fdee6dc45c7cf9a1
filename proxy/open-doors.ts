import type { Clock } from "../protocol/index.ts";
import { formatUrl } from "./advertise.ts";
import { Doors } from "./listen/doors.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import type { Mip1 } from "./mip1/open.ts";
import type { AgentEntrance } from "./pair/agent-entrance.ts";
import type { ReverseServers } from "./pair/reverse-servers.ts";
import type { HostPort } from "./proxy.ts";
import type { SessionRegistry } from "./relay/session-registry.ts";
import type { Stores } from "./state/stores.ts";

interface DoorsParts extends Pick<GatewayParts, "trust" | "site" | "forwarders" | "trusted" | "audit"> {
  readonly stores: Stores;
  readonly sessions: SessionRegistry;
  readonly entrance: AgentEntrance;
  readonly mip1: Mip1 | null;
  readonly reverse: ReverseServers;
  readonly advertised: () => HostPort;
  readonly allowOrigins: readonly string[];
  readonly clock: Clock;
}

/** The proxy's ports, and to whom each kind of guest is shown. */
export function openDoors(parts: DoorsParts): Doors {
  const { audit, stores, sessions, entrance, mip1, reverse, advertised, allowOrigins } = parts;
  return new Doors({
    ...parts,
    origins: () => [formatUrl("https", advertised()), ...allowOrigins],
    onViewer: (viewer) => {
      sessions.receive(viewer);
    },
    onRefused: (reason, source) => {
      const refused = { action: "session.refuse", outcome: "failure", reason } as const;
      audit.append({ ...refused, transport: "websocket", ...(source && { source }) });
    },
    onAgent: (arrival) => void entrance.enter(arrival),
    onMip1: mip1 && (({ socket, source, admitted }) => void mip1.acceptMip1(socket, source, admitted)),
    repeaterIds: stores.repeaterIds,
    onReverseServer: (arrival) => void reverse.receive(arrival),
  });
}
