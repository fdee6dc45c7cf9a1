import { encodeJsonFrame, FEATURE_AUTHORITY, FrameType, RequestError } from "../../protocol/index.ts";
import type { Authority } from "../proxy.ts";
import type { AgentRecord } from "../state/records.ts";
import type { Stores } from "../state/stores.ts";
import type { Trust } from "../trust/index.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import type { AgentConnection } from "./agent-connection.ts";
import type { AgentRegistry } from "./agent-registry.ts";

/** Tells an agent which CA is the service's: what it pins may follow from that. */
export function announceAuthority(connection: AgentConnection, { path }: Trust): void {
  if (!connection.features.has(FEATURE_AUTHORITY)) return;
  connection.send(encodeJsonFrame(FrameType.authority, { certificates: path }));
}

/** The service's CA, and what administrators do to it. */
export function openAuthorityActs(
  trust: ServiceTrust,
  stores: Pick<Stores, "agents">,
  agents: AgentRegistry,
): Authority {
  trust.follow((current) => {
    for (const connection of agents.all) announceAuthority(connection, current);
  });
  const listBehind = async (): Promise<AgentRecord[]> => {
    const { previous } = trust.current;
    if (!previous) return [];
    return (await stores.agents.list()).filter((agent) => isBehind(agent, previous.rotatedAt));
  };
  return {
    get fingerprint() {
      return trust.current.fingerprint;
    },
    get certificate() {
      return trust.current.caCertificate;
    },
    get previous() {
      return trust.current.previous;
    },
    listBehind,
    rotate: () => trust.rotate(),
    async retire(force) {
      const behind = await listBehind();
      if (behind.length > 0 && !force) throw refuse(behind.length);
      await trust.retire();
    },
  };
}

/** Whoever is connected was told, or saw it when it connected; MiP 1 knows no certificates. */
function isBehind({ kind, revokedAt, serverId, lastSeenAt }: AgentRecord, rotatedAt: number): boolean {
  const wasHere = serverId !== null || (lastSeenAt !== null && lastSeenAt >= rotatedAt);
  return kind !== "mip1" && revokedAt === null && !wasHere;
}

function refuse(count: number): RequestError {
  const message = `${count} agents have not been here since the CA was rotated; they would have to be told the new fingerprint by hand.`;
  return new RequestError("CA_AGENTS_BEHIND", message, { safeMessage: message });
}
