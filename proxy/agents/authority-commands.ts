import { encodeJsonFrame, FEATURE_AUTHORITY, FrameType, RequestError } from "../../protocol/index.ts";
import type { AgentRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import type { PreviousCa } from "../trust/certificate-authority.ts";
import type { ServerCertificate } from "../trust/server-certificate.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import type { AgentControlConnection } from "./agent-control-connection.ts";
import type { AgentRegistry } from "./agent-registry.ts";

/** The service's own CA, by which agents and VNC viewers know its servers. */
export interface AuthorityCommands {
  /** SHA-256 of its SPKI, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  /** The CA before it, until that is retired; null: none. */
  readonly previous: PreviousCa | null;
  /** Agents that have not been here since it was rotated: they do not know this CA. */
  listBehind(): Promise<AgentRecord[]>;
  /** Puts a new CA in its place. Connected agents are informed; no pin breaks. @throws RequestError `CA_ROTATING` */
  rotate(): Promise<void>;
  /**
   * From now on agents that know only the previous CA are refused.
   * @throws RequestError `CA_NOT_ROTATING`, `CA_ROTATING`; `CA_AGENTS_BEHIND` without `force`
   */
  retire(force: boolean): Promise<void>;
}

/** Tells an agent which CA is the service's: what it pins may follow from that. */
export function announceAuthority(connection: AgentControlConnection, { path }: ServerCertificate): void {
  if (!connection.features.has(FEATURE_AUTHORITY)) return;
  connection.send(encodeJsonFrame(FrameType.authority, { certificates: path }));
}

/** The service's CA, and what administrators do to it. */
export function createAuthorityCommands(
  trust: ServiceTrust,
  stores: Pick<Stores, "agents">,
  agents: AgentRegistry,
): AuthorityCommands {
  trust.subscribe((current) => {
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
      if (behind.length > 0 && !force) throw agentsBehindError(behind.length);
      await trust.retire();
    },
  };
}

/** Connected agents know the CA: announced, or seen in the handshake. MiP 1 has no certificates. */
function isBehind({ kind, revokedAt, serverId, lastSeenAt }: AgentRecord, rotatedAt: number): boolean {
  const wasHere = serverId !== null || (lastSeenAt !== null && lastSeenAt >= rotatedAt);
  return kind !== "mip1" && revokedAt === null && !wasHere;
}

function agentsBehindError(count: number): RequestError {
  const message = `${count} agents have not been here since the CA was rotated; they would have to be told the new fingerprint by hand.`;
  return RequestError.public("CA_AGENTS_BEHIND", message);
}
