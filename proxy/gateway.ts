import {
  RFB_WEBSOCKET_PATH,
  formatKeyFingerprint,
  type HostMethod,
  type HostParams,
  type HostResult,
  type Permission,
} from "../protocol/index.ts";
import type http from "node:http";
import type { Logger } from "pino";
import { chooseAdvertised, formatUrl, type AdvertisedAddresses } from "./model/advertised-addresses.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { AuditEvent, AuditQuery } from "./audit/query-audit.ts";
import { readAudit } from "./audit/read-audit.ts";
import type { AddressRanges } from "./admit/address-ranges.ts";
import type { ConnectionSource } from "./model/connection-source.ts";
import { TokenGuessThrottle } from "./admit/token-guess-throttle.ts";
import { ProxyEventEmitter } from "./model/proxy-events.ts";
import { TokenIdentifier } from "./identify/token-identifier.ts";
import { CredentialIssuer } from "./identify/credential-issuer.ts";
import { RepeaterIdIssuer } from "./identify/repeater-id-issuer.ts";
import { startPurge } from "./identify/purge-expired.ts";
import { TokenIndex } from "./identify/token-index.ts";
import { TokenScan } from "./identify/token-scan.ts";
import type { Listeners } from "./listen/listeners.ts";
import { requesterOf } from "./listen/requester.ts";
import { openListeners } from "./open-listeners.ts";
import { openMip1, type Mip1 } from "./mip1/open-mip1.ts";
import { createAuthorityCommands, type AuthorityCommands } from "./pair/authority-commands.ts";
import { AgentCommands } from "./pair/agent-commands.ts";
import { AgentAcceptor } from "./pair/agent-acceptor.ts";
import { AgentRegistry } from "./pair/agent-registry.ts";
import type { GatewayDependencies } from "./gateway-dependencies.ts";
import { hostOfflineError } from "./pair/host-request-client.ts";
import { Pairing } from "./pair/pairing.ts";
import { ReverseServers } from "./pair/reverse-servers.ts";
import { SetupTickets } from "./pair/setup-tickets.ts";
import { SpareConnectionPool } from "./pair/spare-connection-pool.ts";
import type {
  ListeningAddresses,
  AuditEntry,
  AuditReader,
  ConnectedAgent,
  ProxyEvents,
  RepeaterId,
  IssuedTicket,
} from "./model/proxy-types.ts";
import type { Proxy, ProxyOptions } from "./proxy.ts";
import { ViewerSessionRegistry } from "./relay/viewer-session-registry.ts";
import type { DesktopView, IssuedToken, Role, SessionRecord } from "./state/state-records.ts";
import type { Stores } from "./state/stores.ts";
import type { ServiceTrust } from "./trust/service-trust.ts";

/** The proxy, put together. */
export class GatewayProxy implements Proxy {
  readonly stores: Stores;
  readonly serverId: string;
  readonly authority: AuthorityCommands;
  readonly viewerFingerprint: string;
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #audit: AuditLog;
  readonly #events = new ProxyEventEmitter();
  readonly #issuer: CredentialIssuer;
  readonly #agents = new AgentRegistry();
  readonly #spares: SpareConnectionPool;
  readonly #agentCommands: AgentCommands;
  readonly #agentAcceptor: AgentAcceptor;
  readonly #mip1: Mip1 | null;
  readonly #sessions: ViewerSessionRegistry;
  readonly #listeners: Listeners;
  readonly #reverseServers: ReverseServers;
  readonly #repeaterIds: RepeaterIdIssuer;
  readonly #trust: ServiceTrust;
  readonly #trustedProxies: AddressRanges;
  readonly #stopPurge: () => void;
  #addresses: ListeningAddresses;
  #closed: Promise<void> | null = null;

  constructor(
    options: ProxyOptions,
    { serverId, trust, rsaKey, site, forwarders, trusted, audit }: GatewayDependencies,
  ) {
    const { stores, clock, log } = options;
    this.#options = options;
    this.#log = log;
    this.#audit = audit;
    this.stores = stores;
    this.serverId = serverId;
    this.#trust = trust;
    this.#trustedProxies = trusted;
    this.authority = createAuthorityCommands(trust, stores, this.#agents);
    this.viewerFingerprint = formatKeyFingerprint(rsaKey.publicKey);
    this.#addresses = { listen: options.listen, rfb: options.rfbListen };

    const news = this.#events;
    const index = new TokenIndex(stores.tokens, clock);
    const scan = new TokenScan<(typeof index.candidates)[number]>({
      monotonic: () => performance.now(),
      yieldTo: setImmediate,
    });
    const penalties = new TokenGuessThrottle(clock);
    const tokens = new TokenIdentifier(stores, index, scan, penalties, clock);
    const tickets = new SetupTickets(clock);
    this.#spares = new SpareConnectionPool({
      agents: this.#agents,
      tickets,
      advertised: options.advertise,
      clock,
      log,
    });
    const shared = { stores, serverId, news, audit, clock, log };
    this.#reverseServers = new ReverseServers({ ...shared, throttle: penalties });
    this.#repeaterIds = new RepeaterIdIssuer(stores, clock);
    this.#issuer = new CredentialIssuer(stores, index, clock);
    this.#mip1 = openMip1(options.mip1, {
      ...shared,
      issuer: this.#issuer,
      address: () => this.advertised.web,
    });
    const ways = [this.#spares, options.advertise, this.#reverseServers, this.#mip1?.agents] as const;
    const pairing = new Pairing(this.#agents, tickets, ...ways);
    this.#sessions = new ViewerSessionRegistry({ ...shared, tokens, rsaKey, pairing });
    this.#agentCommands = new AgentCommands({
      stores,
      agents: this.#agents,
      endSessions: (agentId) => {
        this.#sessions.endByAgent(agentId);
      },
      clock,
      log,
    });
    this.#agentAcceptor = new AgentAcceptor({
      ...shared,
      agents: this.#agents,
      tickets,
      spares: this.#spares,
      trust,
    });
    this.#listeners = openListeners({
      ...{ trust, site, forwarders, trusted, clock, audit, stores },
      ...{
        sessions: this.#sessions,
        agentAcceptor: this.#agentAcceptor,
        mip1: this.#mip1,
        reverseServers: this.#reverseServers,
      },
      advertised: () => this.advertised.web,
      allowOrigins: options.allowOrigins,
    });
    this.#stopPurge = startPurge(stores, clock, log);
    // Not waited for: whoever needs the tokens waits, and tells what fails.
    index.prepare().catch(() => undefined);
  }

  async start(web: http.Server): Promise<void> {
    this.#addresses = await this.#listeners.open(this.#options, web);
    this.audit({ action: "server.start", outcome: "success" });
    this.#log.info({ event: "proxy.listening", ...this.#addresses }, "proxy listening");
  }

  get fingerprint(): string {
    return this.authority.fingerprint;
  }

  get caCertificate(): string {
    return this.authority.certificate;
  }

  get addresses(): ListeningAddresses {
    return this.#addresses;
  }

  get advertised(): AdvertisedAddresses {
    return chooseAdvertised(this.#options.advertise, this.#addresses);
  }

  createToken(
    desktop: DesktopView,
    role: Role,
    ttlSeconds: number,
    createdBy: string,
    denied: readonly Permission[] = [],
  ): Promise<IssuedToken> {
    this.#spares.expectViewer(desktop.agentId);
    return this.#issuer.createToken(desktop, role, ttlSeconds, createdBy, denied);
  }

  async createTicket(
    desktop: DesktopView,
    role: Role,
    createdBy: string,
    denied: readonly Permission[] = [],
    loginHash: string | null = null,
  ): Promise<IssuedTicket> {
    this.#spares.expectViewer(desktop.agentId);
    const ticket = await this.#issuer.createTicket(desktop, role, createdBy, denied, loginHash);
    return { url: formatUrl("wss", this.advertised.web, RFB_WEBSOCKET_PATH), ...ticket };
  }

  createJoinSecret(_createdBy: string): Promise<{ secret: string; expiresAt: number }> {
    return this.#issuer.createJoinSecret();
  }

  createViewerRepeaterId(desktop: DesktopView, ttlSeconds: number): Promise<RepeaterId> {
    return this.#repeaterIds.createForViewers(desktop, ttlSeconds);
  }

  createServerRepeaterId(name: string, ttlSeconds: number): Promise<RepeaterId> {
    return this.#repeaterIds.createForServer(name, ttlSeconds);
  }

  connectedAgents(): ConnectedAgent[] {
    return [...this.#agents.list(), ...(this.#mip1?.agents.list() ?? [])];
  }

  async requestHost<M extends HostMethod>(
    agentId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    const connection = this.#agents.find(agentId);
    if (connection?.agent.kind !== "host") throw hostOfflineError();
    return await connection.requests.request(method, params);
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.#agentCommands.revoke(agentId);
    this.#events.emit("agent.changed", { agentId });
  }

  rotateAgentKey(agentId: string): Promise<void> {
    return this.#agentCommands.rotate(agentId);
  }

  countClones(agentId: string): number {
    return this.#agents.countClones(agentId);
  }

  expectViewer(agentId: string): void {
    this.#spares.expectViewer(agentId);
  }

  openSessions(): SessionRecord[] {
    return this.#sessions.list();
  }

  async endSession(id: string): Promise<boolean> {
    const ordered = await this.stores.sessions.requestEnd(id, "SESSION_ENDED");
    if (ordered) await this.checkSessions();
    return ordered;
  }

  checkSessions(): Promise<void> {
    return this.#sessions.check();
  }

  on<E extends keyof ProxyEvents>(event: E, listener: (data: ProxyEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  audit(entry: AuditEntry): void {
    this.#audit.append(entry);
  }

  get auditPublicKey(): string {
    return this.#audit.publicKey;
  }

  readAudit(query: AuditQuery, reader: AuditReader): Promise<AuditEvent[]> {
    return readAudit(this.#audit, this.#options.dataDir, query, reader);
  }

  requesterOf(request: http.IncomingMessage): ConnectionSource | null {
    return requesterOf(request, this.#trustedProxies);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    this.#stopPurge();
    this.#trust.close();
    this.#spares.close();
    this.#agentCommands.close();
    this.#listeners.stop();
    await Promise.all([
      this.#sessions.close(),
      this.#agentAcceptor.close(),
      this.#reverseServers.close(),
      this.#mip1?.agents.close(),
    ]);
    await this.#listeners.close();
    this.audit({ action: "server.stop", outcome: "success" });
    await this.#audit.close();
  }
}
