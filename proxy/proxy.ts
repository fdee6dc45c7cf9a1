/** The proxy's door, as `web` and `bin` see it. */
import type http from "node:http";
import type { Logger } from "pino";
import type { Clock } from "../protocol/index.ts";
import type { HostMethod, HostParams, HostResult, MachineStatus } from "../protocol/index.ts";
import type { Stores } from "./state/stores.ts";
import type { DesktopView, OpenToken, Role, SessionRecord } from "./state/records.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ProxyOptions {
  /** TLS: web, WebSocket, agents. Port 0: any. */
  readonly listen: HostPort;
  /** Plain RFB; null: none. */
  readonly rfbListen: HostPort | null;
  /** What URLs, profiles and Setup requests say; null: the listen address. */
  readonly advertise: HostPort | null;
  readonly dataDir: string;
  /** Extra Origins that may open WebSockets, e.g. `https://desk.example.org`; our own always may. */
  readonly allowOrigins: readonly string[];
  readonly stores: Stores;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What happens in the proxy, for the pages' live updates. Each event is small and names ids only. */
export interface ProxyEvents {
  "agent.changed": { agentId: string };
  "desktop.changed": { desktopId: string };
  "session.changed": { sessionId: string; desktopId: string };
  "machine.state": { agentId: string; machine: MachineStatus };
  "machine.removed": { agentId: string; machineId: string };
  "image.changed": { agentId: string };
}

export interface ConnectedAgent {
  readonly id: string;
  readonly name: string;
  readonly kind: "agent" | "host";
}

export interface Ticket {
  /** wss://ADVERTISED/rfb */
  readonly url: string;
  /** Sub-protocols to offer: `binary`, and one that carries the ticket. */
  readonly protocols: readonly string[];
  readonly expiresAt: number;
}

export interface Proxy {
  /** Starts to listen; `http` gets every connection that speaks HTTP (upgrades of `/rfb` stay with the proxy). */
  start(web: http.Server): Promise<void>;
  readonly addresses: { readonly listen: HostPort; readonly rfb: HostPort | null };
  /** What people are told: host and port of web and of the plain RFB listener. */
  readonly advertised: { readonly web: HostPort; readonly rfb: HostPort | null };
  /** SHA-256 of the service CA's SPKI, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** The service CA's certificate, PEM. */
  readonly caCertificate: string;
  readonly serverId: string;
  readonly stores: Stores;

  createToken(desktop: DesktopView, role: Role, ttlSeconds: number, createdBy: string): Promise<OpenToken>;
  createTicket(desktop: DesktopView, role: Role, createdBy: string): Promise<Ticket>;
  createJoinSecret(createdBy: string): Promise<{ secret: string; expiresAt: number }>;

  /** Agents whose control connection is held here. */
  connectedAgents(): ConnectedAgent[];
  /**
   * Asks a host something.
   * @throws RequestError with the host's code, `HOST_OFFLINE`; TimeoutError `HOST_TIMEOUT`
   */
  requestHost<M extends HostMethod>(
    agentId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>>;
  /**
   * For good: its key is refused, its connections and sessions end within 5 s, its desktops go.
   * @throws RequestError `AGENT_UNKNOWN`
   */
  revokeAgent(agentId: string): Promise<void>;
  /**
   * Has the agent make a new key, and settles when it counts.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_OFFLINE`, `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`; TimeoutError
   *   `AGENT_TIMEOUT`
   */
  rotateAgentKey(agentId: string): Promise<void>;
  /** How often the agent's key was seen to be in use in two places, since this server started. */
  countClones(agentId: string): number;
  /** Somebody looks at a page from which this agent's desktops are opened: spare connections are kept ready. */
  expectViewer(agentId: string): void;
  openSessions(): SessionRecord[];

  on<E extends keyof ProxyEvents>(event: E, listener: (data: ProxyEvents[E]) => void): () => void;
  /** Writes one line to the audit log (an administrative act). */
  audit(entry: AuditEntry): void;
  /** Stops listening, ends sessions and connections. Idempotent. Does not close the stores. */
  close(): Promise<void>;
}

export interface AuditEntry {
  /** From the list in proxy/audit/codes.ts, e.g. `session.start`, `token.create`, `login.failure`. */
  readonly action: string;
  readonly outcome: "success" | "failure";
  /** User id, token id or agent id, never a secret. */
  readonly actor?: string;
  readonly reason?: string;
  readonly source?: { readonly address: string; readonly port: number };
  readonly sessionId?: string;
  readonly desktopId?: string;
  readonly machineId?: string;
  readonly agentId?: string;
  readonly bytesToViewer?: number;
  readonly bytesToServer?: number;
  readonly durationMs?: number;
}
