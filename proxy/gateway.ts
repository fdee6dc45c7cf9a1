import type http from "node:http";
import type { Logger } from "pino";
import {
  formatKeyFingerprint,
  type HostMethod,
  type HostParams,
  type HostResult,
  type Permission,
} from "../protocol/index.ts";
import { chooseAdvertised, formatUrl, type Advertised } from "./advertise.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { AuditEvent, AuditQuery } from "./audit/query.ts";
import { readAudit } from "./audit/read-audit.ts";
import type { AddressRanges } from "./admit/address-ranges.ts";
import type { Source } from "./admit/source.ts";
import { Penalties } from "./admit/penalties.ts";
import { News } from "./events.ts";
import { TokenIdentifier } from "./identify/by-token.ts";
import { Issuer } from "./identify/issue.ts";
import { RepeaterIds } from "./identify/repeater-ids.ts";
import { startSweep } from "./identify/sweep.ts";
import { TokenIndex } from "./identify/token-index.ts";
import { TokenScan } from "./identify/token-scan.ts";
import type { Doors } from "./listen/doors.ts";
import { requesterOf } from "./listen/requester.ts";
import { openDoors } from "./open-doors.ts";
import { openMip1, type Mip1 } from "./mip1/open.ts";
import { openAuthorityActs } from "./pair/authority-acts.ts";
import { AgentActs } from "./pair/agent-acts.ts";
import { AgentEntrance } from "./pair/agent-entrance.ts";
import { AgentRegistry } from "./pair/agent-registry.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { hostOffline } from "./pair/host-requests.ts";
import { Pairing } from "./pair/pairing.ts";
import { ReverseServers } from "./pair/reverse-servers.ts";
import { SetupTickets } from "./pair/setup-tickets.ts";
import { Spares } from "./pair/spares.ts";
import type {
  Addresses,
  Authority,
  AuditEntry,
  AuditReader,
  ConnectedAgent,
  Proxy,
  ProxyEvents,
  ProxyOptions,
  RepeaterId,
  Ticket,
} from "./proxy.ts";
import { SessionRegistry } from "./relay/session-registry.ts";
import type { DesktopView, OpenToken, Role, SessionRecord } from "./state/records.ts";
import type { Stores } from "./state/stores.ts";
import type { ServiceTrust } from "./trust/service-trust.ts";

/** The proxy, put together. */
export class GatewayProxy implements Proxy {
  readonly stores: Stores;
  readonly serverId: string;
  readonly authority: Authority;
  readonly viewerFingerprint: string;
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #audit: AuditLog;
  readonly #news = new News();
  readonly #issuer: Issuer;
  readonly #agents = new AgentRegistry();
  readonly #spares: Spares;
  readonly #acts: AgentActs;
  readonly #entrance: AgentEntrance;
  readonly #mip1: Mip1 | null;
  readonly #sessions: SessionRegistry;
  readonly #doors: Doors;
  readonly #reverse: ReverseServers;
  readonly #repeaterIds: RepeaterIds;
  readonly #trust: ServiceTrust;
  readonly #trusted: AddressRanges;
  readonly #stopSweep: () => void;
  #addresses: Addresses;
  #closed: Promise<void> | null = null;

  constructor(
    options: ProxyOptions,
    { serverId, trust, rsaKey, site, forwarders, trusted, audit }: GatewayParts,
  ) {
    const { stores, clock, log } = options;
    this.#options = options;
    this.#log = log;
    this.#audit = audit;
    this.stores = stores;
    this.serverId = serverId;
    this.#trust = trust;
    this.#trusted = trusted;
    this.authority = openAuthorityActs(trust, stores, this.#agents);
    this.viewerFingerprint = formatKeyFingerprint(rsaKey.publicKey);
    this.#addresses = { listen: options.listen, rfb: options.rfbListen };

    const news = this.#news;
    const index = new TokenIndex(stores.tokens, clock);
    const scan = new TokenScan<(typeof index.candidates)[number]>({
      monotonic: () => performance.now(),
      yieldTo: setImmediate,
    });
    const penalties = new Penalties(clock);
    const tokens = new TokenIdentifier(stores, index, scan, penalties, clock);
    const tickets = new SetupTickets(clock);
    this.#spares = new Spares({ agents: this.#agents, tickets, advertised: options.advertise, clock, log });
    const shared = { stores, serverId, news, audit, clock, log };
    this.#reverse = new ReverseServers({ ...shared, penalties });
    this.#repeaterIds = new RepeaterIds(stores, clock);
    this.#issuer = new Issuer(stores, index, clock);
    this.#mip1 = openMip1(options.mip1, {
      ...shared,
      issuer: this.#issuer,
      address: () => this.advertised.web,
    });
    const ways = [this.#spares, options.advertise, this.#reverse, this.#mip1?.room] as const;
    const pairing = new Pairing(this.#agents, tickets, ...ways);
    this.#sessions = new SessionRegistry({ ...shared, tokens, rsaKey, pairing });
    this.#acts = new AgentActs({
      stores,
      agents: this.#agents,
      endSessions: (agentId) => {
        this.#sessions.endOfAgent(agentId);
      },
      clock,
      log,
    });
    this.#entrance = new AgentEntrance({
      ...shared,
      agents: this.#agents,
      tickets,
      spares: this.#spares,
      trust,
    });
    this.#doors = openDoors({
      ...{ trust, site, forwarders, trusted, clock, audit, stores },
      ...{ sessions: this.#sessions, entrance: this.#entrance, mip1: this.#mip1, reverse: this.#reverse },
      advertised: () => this.advertised.web,
      allowOrigins: options.allowOrigins,
    });
    this.#stopSweep = startSweep(stores, clock, log);
    // Not waited for: whoever needs the tokens waits, and tells what fails.
    index.prepare().catch(() => undefined);
  }

  async start(web: http.Server): Promise<void> {
    this.#addresses = await this.#doors.open(this.#options, web);
    this.audit({ action: "server.start", outcome: "success" });
    this.#log.info({ event: "proxy.listening", ...this.#addresses }, "proxy listening");
  }

  get fingerprint(): string {
    return this.authority.fingerprint;
  }

  get caCertificate(): string {
    return this.authority.certificate;
  }

  get addresses(): Addresses {
    return this.#addresses;
  }

  get advertised(): Advertised {
    return chooseAdvertised(this.#options.advertise, this.#addresses);
  }

  createToken(
    desktop: DesktopView,
    role: Role,
    ttlSeconds: number,
    createdBy: string,
    denied: readonly Permission[] = [],
  ): Promise<OpenToken> {
    this.#spares.expectViewer(desktop.agentId);
    return this.#issuer.createToken(desktop, role, ttlSeconds, createdBy, denied);
  }

  async createTicket(
    desktop: DesktopView,
    role: Role,
    createdBy: string,
    denied: readonly Permission[] = [],
    loginHash: string | null = null,
  ): Promise<Ticket> {
    this.#spares.expectViewer(desktop.agentId);
    const ticket = await this.#issuer.createTicket(desktop, role, createdBy, denied, loginHash);
    return { url: formatUrl("wss", this.advertised.web, "/rfb"), ...ticket };
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
    return [...this.#agents.list(), ...(this.#mip1?.room.list() ?? [])];
  }

  async requestHost<M extends HostMethod>(
    agentId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    const connection = this.#agents.find(agentId);
    if (connection?.agent.kind !== "host") throw hostOffline();
    return await connection.requests.ask(method, params);
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.#acts.revoke(agentId);
    this.#news.emit("agent.changed", { agentId });
  }

  rotateAgentKey(agentId: string): Promise<void> {
    return this.#acts.rotate(agentId);
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
    const ordered = await this.stores.sessions.orderEnd(id, "SESSION_ENDED");
    if (ordered) await this.checkSessions();
    return ordered;
  }

  checkSessions(): Promise<void> {
    return this.#sessions.check();
  }

  on<E extends keyof ProxyEvents>(event: E, listener: (data: ProxyEvents[E]) => void): () => void {
    return this.#news.on(event, listener);
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

  requesterOf(request: http.IncomingMessage): Source | null {
    return requesterOf(request, this.#trusted);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    this.#stopSweep();
    this.#trust.close();
    this.#spares.close();
    this.#acts.close();
    this.#doors.stop();
    await Promise.all([
      this.#sessions.close(),
      this.#entrance.close(),
      this.#reverse.close(),
      this.#mip1?.room.close(),
    ]);
    await this.#doors.close();
    this.audit({ action: "server.stop", outcome: "success" });
    await this.#audit.close();
  }
}
