/** The proxy as `web` and `bin` see it. */
import type http from "node:http";
import type { Logger } from "pino";
import type { AgentRole, Clock, HostMethod, HostParams, HostResult, Permission } from "../protocol/index.ts";
import type { AuditEvent, AuditQuery } from "./audit/query-audit.ts";
import type { ConnectionSource } from "./model/connection-source.ts";
import type { PeopleSignIn } from "./identify/people-sign-in.ts";
import type { Mip1Options } from "./model/mip1-options.ts";
import type {
  AuditEntry,
  AuditReader,
  CertificateFiles,
  ConnectedAgent,
  HostPort,
  IssuedTicket,
  ListeningAddresses,
  ListenOptions,
  ProxyEvents,
  RepeaterId,
} from "./model/proxy-types.ts";
import type { AuthorityCommands } from "./agents/authority-commands.ts";
import type {
  AgentRecord,
  DesktopView,
  IssuedToken,
  JoinGrant,
  Role,
  SessionRecord,
} from "./state/state-records.ts";
import type { Rights } from "./rights/rights.ts";
import type { Stores } from "./state/stores.ts";

export interface ProxyOptions extends ListenOptions {
  /** What URLs, profiles and Setup requests say; null: the listen address. */
  readonly advertise: HostPort | null;
  readonly dataDir: string;
  /** Extra Origins that may open WebSockets, e.g. `https://desk.example.org`; our own always may. */
  readonly allowOrigins: readonly string[];
  /** Peers that may speak MiP 1; absent: none. */
  readonly mip1?: Mip1Options;
  /** What browsers and viewers are shown, followed as the files change; absent: the service's own certificate. */
  readonly siteCertificate?: CertificateFiles | null;
  /** Addresses and networks whose connections begin with a PROXY protocol header; absent: none. */
  readonly proxyProtocolFrom?: readonly string[];
  /** Addresses and networks of reverse proxies whose X-Forwarded-For is believed; absent: none. */
  readonly trustedProxies?: readonly string[];
  /** Names and passwords may be typed into viewers whose connection is not encrypted; absent: no. */
  readonly plainSignIn?: boolean;
  readonly stores: Stores;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Proxy {
  /**
   * Starts to listen; `http` gets every connection that speaks HTTP (upgrades of `/rfb` stay with the proxy).
   * @param people who may sign in from VNC viewers that send a name; default: nobody, they need a token
   */
  start(web: http.Server, people?: PeopleSignIn | null): Promise<void>;
  readonly addresses: ListeningAddresses;
  /** What people see: host and port of web and of the plain RFB listener. */
  readonly advertised: { readonly web: HostPort; readonly rfb: HostPort | null };
  /** SHA-256 of the service CA's SPKI, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** The service CA's certificate, PEM. */
  readonly caCertificate: string;
  readonly authority: AuthorityCommands;
  /** What viewers with an RSA-AES security type show: 8 bytes in hexadecimal, with dashes. */
  readonly viewerFingerprint: string;
  readonly serverId: string;
  readonly stores: Stores;
  /** Who may do what; {@link checkSessions} has it read what was changed. */
  readonly rights: Rights;

  /** @param denied what its holder may not do; default: nothing */
  createToken(
    desktop: DesktopView,
    role: Role,
    ttlSeconds: number,
    createdBy: string,
    denied?: readonly Permission[],
  ): Promise<IssuedToken>;
  /** @param loginHash SHA-256 of the cookie of the login that asks: the session ends with it; default: none */
  createTicket(
    desktop: DesktopView,
    role: Role,
    createdBy: string,
    denied?: readonly Permission[],
    loginHash?: string | null,
  ): Promise<IssuedTicket>;
  /** @param grant what the agent that redeems it may be; default: an agent that publishes desktops */
  createJoinSecret(grant?: JoinGrant): Promise<{ secret: string; expiresAt: number }>;

  /** A number by which viewers choose this desktop; they still need a token. */
  createViewerRepeaterId(desktop: DesktopView, ttlSeconds: number, isShort?: boolean): Promise<RepeaterId>;
  /** A number for a VNC server that dials in, and the desktop of this name that it will be. */
  createServerRepeaterId(name: string, ttlSeconds: number): Promise<RepeaterId>;

  /** Agents whose control connection is held here. */
  connectedAgents(): ConnectedAgent[];
  /** Whether this is a host that can be asked now: its control connection is held here, and it was let in. */
  canAskHost(agentId: string): boolean;
  /**
   * Asks a host that was let in something.
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
   * Changes what an agent may be, on all servers within seconds; a host is let in with it. A connection in the other role
   * ends, and its sessions.
   * @throws RequestError `AGENT_UNKNOWN`, `ROLE_REFUSED`
   */
  setAgentRole(agentId: string, role: AgentRole): Promise<AgentRecord>;
  /**
   * Has the agent make a new key, and settles when it counts.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_OFFLINE`, `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`; TimeoutError
   *   `AGENT_TIMEOUT`
   */
  rotateAgentKey(agentId: string): Promise<void>;
  /** How often the agent's key was seen to be in use in two places, since this server started. */
  countClones(agentId: string): number;
  /** A page from which this agent's desktops are opened is in use: spare connections are kept ready. */
  expectViewer(agentId: string): void;
  /** Removes a desktop that is not published now, with its tokens; false: it is published, or unknown. */
  removeDesktop(desktopId: string): Promise<boolean>;
  openSessions(): SessionRecord[];
  /** Ends an open session, on whichever server it is; says whether there is one. */
  endSession(id: string): Promise<boolean>;
  /**
   * Ends the sessions of this server whose token, desktop, agent, account, login or right has just been taken away; other servers find out
   * within seconds. Called after a revocation, so that the effect is immediate. Never rejects.
   */
  checkSessions(): Promise<void>;

  /**
   * @param listener a promise holds the agent that caused the event back: few of them may be pending per agent, and none may
   *   wait for that agent's answer to a request
   */
  on<E extends keyof ProxyEvents>(
    event: E,
    listener: (data: ProxyEvents[E]) => void | Promise<void>,
  ): () => void;
  /** Where a request comes from, behind trusted reverse proxies; null: not from a network. Port 0: not known. */
  requesterOf(request: http.IncomingMessage): ConnectionSource | null;
  /** The request's sender is signed in: its connection no longer counts as one of a stranger. */
  takeHttpConnection(request: http.IncomingMessage): void;
  /** Writes one line to the audit log: what happened, or what takes a right away. */
  audit(entry: AuditEntry): void;
  /**
   * Settles when the line is on the disk. For whatever gives a right or shows a secret: that waits for it.
   * @throws RequestError `AUDIT_UNAVAILABLE`, and then the line is never written
   */
  auditDurably(entry: AuditEntry): Promise<void>;
  /**
   * Reads this server's audit log, the newest line first; the read itself is recorded first.
   * @throws RequestError `AUDIT_UNAVAILABLE`
   */
  readAudit(query: AuditQuery, reader: AuditReader): Promise<AuditEvent[]>;
  /** With which its checkpoints are checked, PEM. */
  readonly auditPublicKey: string;
  /** Stops listening, ends sessions and connections. Idempotent. Does not close the stores. */
  close(): Promise<void>;
}
