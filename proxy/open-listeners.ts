import type { Logger } from "pino";
import { isPosternError, type Clock } from "../protocol/index.ts";
import { formatUrl } from "./model/advertised-addresses.ts";
import { Listeners } from "./listen/listeners.ts";
import type { GatewayDependencies } from "./gateway-dependencies.ts";
import type { Mip1 } from "./mip1/open-mip1.ts";
import type { AgentAcceptor } from "./agents/agent-acceptor.ts";
import type { ReverseServers } from "./pair/reverse-servers.ts";
import type { HostPort } from "./model/proxy-types.ts";
import type { ViewerSessionRegistry } from "./relay/viewer-session-registry.ts";
import type { Stores } from "./state/stores.ts";

interface ListenersDependencies extends Pick<
  GatewayDependencies,
  "trust" | "site" | "forwarders" | "trustedProxies" | "audit"
> {
  readonly stores: Stores;
  readonly sessions: ViewerSessionRegistry;
  readonly agentAcceptor: AgentAcceptor;
  readonly mip1: Mip1 | null;
  readonly reverseServers: ReverseServers;
  readonly advertised: () => HostPort;
  readonly allowOrigins: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The proxy's listeners, connected to what handles each kind of connection. */
export function openListeners(dependencies: ListenersDependencies): Listeners {
  const { audit, stores, sessions, agentAcceptor, mip1, reverseServers, advertised, allowOrigins, log } =
    dependencies;
  return new Listeners({
    ...dependencies,
    origins: () => [formatUrl("https", advertised()), ...allowOrigins],
    onViewer: (viewer) => {
      sessions.accept(viewer);
    },
    onRefused: (reason, source) => {
      const refused = { action: "session.refuse", outcome: "failure", reason } as const;
      audit.append({ ...refused, transport: "websocket", ...(source && { source }) });
    },
    onAgent: (connection) => void agentAcceptor.accept(connection),
    onMip1:
      mip1 && (({ socket, source, authenticated }) => void mip1.acceptMip1(socket, source, authenticated)),
    isMip1Peer: (address) => mip1?.allows(address) ?? false,
    repeaterIds: stores.repeaterIds,
    onRepeaterRefused: (error, source) => {
      const [code, detail] = isPosternError(error) ? [error.code, error.message] : ["INTERNAL", undefined];
      log.warn(
        { event: "repeater.refused", code, source, detail },
        "a viewer of the repeater was turned away",
      );
      audit.append({ action: "session.refuse", outcome: "failure", reason: code, transport: "rfb", source });
    },
    onReverseServer: (connection) => void reverseServers.accept(connection),
  });
}
