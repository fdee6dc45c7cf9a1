import {
  RFB_WEBSOCKET_PATH,
  formatKeyFingerprint,
  type AgentRole,
  type HostMethod,
  type HostParams,
  type HostResult,
  type Permission,
  TypedEventEmitter,
} from "../protocol/index.ts";
import type http from "node:http";
import type { Logger } from "pino";
import { PROXY_LIMITS } from "./model/proxy-limits.ts";
import { chooseAdvertised, formatUrl, type AdvertisedAddresses } from "./model/advertised-addresses.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { auditUnavailable } from "./audit/audit-unavailable.ts";
import { readAudit, type AuditEvent, type AuditQuery } from "./audit/query-audit.ts";
import type { AddressRanges } from "./limits/address-ranges.ts";
import type { ConnectionSource } from "./model/connection-source.ts";
import { EVENT_LOOP_SLICES } from "./limits/slice-timing.ts";
import { TokenGuessThrottle } from "./limits/token-guess-throttle.ts";
import { TokenIdentifier } from "./identify/token-identifier.ts";
import { CredentialIssuer } from "./identify/credential-issuer.ts";
import { HandOverCodes } from "./identify/hand-over-codes.ts";
import { RepeaterIdIssuer } from "./identify/repeater-id-issuer.ts";
import { startPurge } from "./identify/purge-expired.ts";
import { TokenIndex, type IndexedToken } from "./identify/token-index.ts";
import { TokenScan } from "./identify/token-scan.ts";
import type { Listeners } from "./listen/listeners.ts";
import { requesterOf } from "./listen/requester.ts";
import { openListeners } from "./open-listeners.ts";
import { openMip1, type Mip1 } from "./mip1/open-mip1.ts";
import { createAuthorityCommands, type AuthorityCommands } from "./agents/authority-commands.ts";
import { AgentCommands } from "./agents/agent-commands.ts";
import { AgentAcceptor } from "./agents/agent-acceptor.ts";
import { AgentRegistry } from "./agents/agent-registry.ts";
import { RsaWorker } from "./authenticate/rsa-worker.ts";
import type { GatewayDependencies } from "./gateway-dependencies.ts";
import { hostOfflineError } from "./agents/host-request-client.ts";
import type { PeopleSignIn } from "./identify/people-sign-in.ts";
import { Pairing } from "./pair/pairing.ts";
import { ReverseServers } from "./pair/reverse-servers.ts";
import { SetupTickets } from "./pair/setup-tickets.ts";
import { SpareConnectionPool } from "./pair/spare-connection-pool.ts";
import type {
  ListeningAddresses,
  AuditEntry,
  AuditReader,
  ConnectedAgent,
  ProxyEventEmitter,
  ProxyEvents,
  RepeaterId,
  IssuedTicket,
} from "./model/proxy-types.ts";
import type { Proxy, ProxyOptions } from "./proxy.ts";
import { PaintSlices } from "./prompt/paint-slices.ts";
import { PromptLimit } from "./prompt/prompt-limit.ts";
import { Rights } from "./rights/rights.ts";
import { ViewerSessionRegistry } from "./relay/viewer-session-registry.ts";
import type {
  AgentRecord,
  DesktopView,
  IssuedToken,
  JoinGrant,
  Role,
  SessionRecord,
} from "./state/state-records.ts";
import type { Stores } from "./state/stores.ts";

/** The proxy, put together. */
export class GatewayProxy implements Proxy {
  readonly stores: Stores;
  readonly rights: Rights;
  readonly serverId: string;
  readonly authority: AuthorityCommands;
  readonly viewerFingerprint: string;
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #audit: AuditLog;
  readonly #events: ProxyEventEmitter = new TypedEventEmitter();
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
  readonly #trustedProxies: AddressRanges;
  /** Everything that was opened, closed in reverse order. Null: the constructor has not finished. */
  readonly #opened: AsyncDisposableStack | null = null;
  #addresses: ListeningAddresses;
  #people: PeopleSignIn | null = null;
  #closed: Promise<void> | null = null;

  /**
   * @param opened closes the dependencies. What is opened here is added to it. Once nothing can fail any more it
   *   belongs to the proxy; until then to the caller.
   */
  constructor(options: ProxyOptions, dependencies: GatewayDependencies, opened: AsyncDisposableStack) {
    const { serverId, trust, rsaKey, trustedProxies, audit } = dependencies;
    const { stores, clock, log } = options;
    this.#options = options;
    this.#log = log;
    this.#audit = audit;
    this.stores = stores;
    this.rights = new Rights(stores, clock);
    this.serverId = serverId;
    this.#trustedProxies = trustedProxies;
    this.authority = createAuthorityCommands(trust, stores, this.#agents);
    this.viewerFingerprint = formatKeyFingerprint(rsaKey.publicKey);
    this.#addresses = { listen: options.listen, rfb: options.rfbListen };

    opened.defer(() => {
      if (this.#opened) this.audit({ action: "server.stop", outcome: "success" });
    });
    const events = this.#events;
    const index = new TokenIndex(stores.tokens, clock);
    const scan = new TokenScan<IndexedToken>(EVENT_LOOP_SLICES);
    const throttle = new TokenGuessThrottle(clock);
    const tokens = new TokenIdentifier({ stores, rights: this.rights, index, scan, throttle, clock });
    const tickets = new SetupTickets(clock);
    this.#spares = new SpareConnectionPool({ agents: this.#agents, tickets, clock, log });
    opened.defer(() => this.#spares.close());
    const shared = { stores, serverId, events, audit, clock, log };
    this.#reverseServers = new ReverseServers({ ...shared, throttle });
    this.#repeaterIds = new RepeaterIdIssuer(stores, clock);
    this.#issuer = new CredentialIssuer(stores, index, clock);
    this.#mip1 = openMip1(options.mip1, {
      ...shared,
      issuer: this.#issuer,
      address: () => this.advertised.web,
    });
    const pairing = new Pairing({
      agents: this.#agents,
      tickets,
      spares: this.#spares,
      reverseServers: this.#reverseServers,
      otherRoute: this.#mip1?.agents ?? null,
    });
    const rsaWorker = new RsaWorker(rsaKey);
    opened.defer(() => rsaWorker.close());
    const handOvers = new HandOverCodes(clock);
    opened.defer(() => handOvers.close());
    this.#sessions = new ViewerSessionRegistry({
      ...{ ...shared, rights: this.rights, tokens, rsaKey, rsaWorker, pairing, handOvers },
      people: () => this.#people,
      plainSignIn: options.plainSignIn === true,
      prompts: new PromptLimit({
        perKey: PROXY_LIMITS.promptsPerNetwork,
        total: PROXY_LIMITS.promptsTotal,
      }),
      strangerPrompts: new PromptLimit({
        perKey: PROXY_LIMITS.strangerPromptsPerNetwork,
        total: PROXY_LIMITS.strangerPromptsTotal,
      }),
      choosers: new PromptLimit({
        perKey: PROXY_LIMITS.choosersPerPerson,
        total: PROXY_LIMITS.choosersTotal,
      }),
      slices: new PaintSlices(),
    });
    this.#agentCommands = new AgentCommands({
      stores,
      agents: this.#agents,
      endSessions: (agentId) => {
        this.#sessions.endByAgent(agentId);
      },
      onAdmitted: (agentId) => {
        events.emit("agent.changed", { agentId });
      },
      clock,
      log,
    });
    opened.defer(() => this.#agentCommands.close());
    this.#agentAcceptor = new AgentAcceptor({
      ...shared,
      agents: this.#agents,
      tickets,
      spares: this.#spares,
      trust,
      onSilent: (agentId) => {
        this.#sessions.endBySilentAgent(agentId);
      },
    });
    this.#listeners = openListeners({
      ...dependencies,
      stores,
      clock,
      log,
      sessions: this.#sessions,
      agentAcceptor: this.#agentAcceptor,
      mip1: this.#mip1,
      reverseServers: this.#reverseServers,
      advertised: () => this.advertised.web,
      allowOrigins: options.allowOrigins,
    });
    opened.defer(() => this.#listeners.close());
    opened.defer(() => this.#endConnections());
    opened.defer(() => this.#listeners.stop());
    opened.defer(
      startPurge({
        stores,
        clock,
        log,
        onForgotten: ({ id, name, agentId }) => {
          const about = { desktopId: id, desktopName: name, agentId };
          audit.append({
            action: "desktop.remove",
            outcome: "success",
            reason: "DESKTOP_FORGOTTEN",
            ...about,
          });
          events.emit("desktop.changed", { desktopId: id });
        },
      }),
    );
    // Not awaited here: those who need the tokens await it, and handle the failure.
    index.prepare().catch(() => undefined);
    this.#opened = opened.move();
  }

  async start(web: http.Server, people: PeopleSignIn | null = null): Promise<void> {
    this.#people = people;
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

  createJoinSecret(
    grant: JoinGrant = { role: "agent", admit: false },
  ): Promise<{ secret: string; expiresAt: number }> {
    return this.#issuer.createJoinSecret(grant);
  }

  createViewerRepeaterId(desktop: DesktopView, ttlSeconds: number, isShort = false): Promise<RepeaterId> {
    return this.#repeaterIds.createForViewers(desktop, ttlSeconds, isShort);
  }

  createServerRepeaterId(name: string, ttlSeconds: number): Promise<RepeaterId> {
    return this.#repeaterIds.createForServer(name, ttlSeconds);
  }

  connectedAgents(): ConnectedAgent[] {
    return [...this.#agents.list(), ...(this.#mip1?.agents.list() ?? [])];
  }

  canAskHost(agentId: string): boolean {
    return this.#agents.find(agentId)?.agent.admitted === true;
  }

  async requestHost<M extends HostMethod>(
    agentId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    const connection = this.#agents.find(agentId);
    if (connection?.agent.admitted !== true) throw hostOfflineError();
    return await connection.requests.request(method, params);
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.#agentCommands.revoke(agentId);
    this.#events.emit("agent.changed", { agentId });
  }

  async setAgentRole(agentId: string, role: AgentRole): Promise<AgentRecord> {
    const changed = await this.#agentCommands.setRole(agentId, role);
    this.#events.emit("agent.changed", { agentId });
    return changed;
  }

  rotateAgentKey(agentId: string): Promise<void> {
    return this.#agentCommands.rotate(agentId);
  }

  countClones(agentId: string): number {
    return this.#agents.countClones(agentId) + (this.#mip1?.agents.countClones(agentId) ?? 0);
  }

  expectViewer(agentId: string): void {
    this.#spares.expectViewer(agentId);
  }

  async removeDesktop(desktopId: string): Promise<boolean> {
    if (!(await this.stores.desktops.removeOffline(desktopId))) return false;
    await this.checkSessions();
    this.#events.emit("desktop.changed", { desktopId });
    return true;
  }

  openSessions(): SessionRecord[] {
    return this.#sessions.list();
  }

  async endSession(id: string): Promise<boolean> {
    const ordered = await this.stores.sessions.requestEnd(id, "SESSION_ENDED");
    if (ordered) await this.checkSessions();
    return ordered;
  }

  async checkSessions(): Promise<void> {
    // What cannot be read now is read before it is used next.
    await this.rights.refresh().catch(() => undefined);
    await this.#sessions.check();
  }

  on<E extends keyof ProxyEvents>(
    event: E,
    listener: (data: ProxyEvents[E]) => void | Promise<void>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  audit(entry: AuditEntry): void {
    this.#audit.append(entry);
  }

  async auditDurably(entry: AuditEntry): Promise<void> {
    await this.#audit.appendDurably(entry).catch((cause: unknown) => {
      throw auditUnavailable(cause);
    });
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

  takeHttpConnection(request: http.IncomingMessage): void {
    this.#listeners.takeHttpConnection(request);
  }

  close(): Promise<void> {
    this.#closed ??= Promise.resolve(this.#opened?.disposeAsync());
    return this.#closed;
  }

  /** At the same time: none of them waits for another. */
  async #endConnections(): Promise<void> {
    await Promise.all([
      this.#sessions.close(),
      this.#agentAcceptor.close(),
      this.#reverseServers.close(),
      this.#mip1?.agents.close(),
    ]);
  }
}
