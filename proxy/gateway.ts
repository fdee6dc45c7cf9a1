import type http from "node:http";
import type { Logger } from "pino";
import type { HostMethod, HostParams, HostResult } from "../protocol/index.ts";
import { chooseAdvertised, formatUrl, type Advertised } from "./advertise.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { Penalties } from "./admit/penalties.ts";
import { News } from "./events.ts";
import { TokenIdentifier } from "./identify/by-token.ts";
import { Issuer } from "./identify/issue.ts";
import { startSweep } from "./identify/sweep.ts";
import { TokenIndex } from "./identify/token-index.ts";
import { TokenScan } from "./identify/token-scan.ts";
import { Doors } from "./listen/doors.ts";
import { AgentActs } from "./pair/agent-acts.ts";
import { AgentEntrance } from "./pair/agent-entrance.ts";
import { AgentRegistry } from "./pair/agent-registry.ts";
import { hostOffline } from "./pair/host-requests.ts";
import { Pairing } from "./pair/pairing.ts";
import { SetupTickets } from "./pair/setup-tickets.ts";
import { Spares } from "./pair/spares.ts";
import type {
  AuditEntry,
  ConnectedAgent,
  HostPort,
  Proxy,
  ProxyEvents,
  ProxyOptions,
  Ticket,
} from "./proxy.ts";
import { SessionRegistry } from "./relay/session-registry.ts";
import type { DesktopView, OpenToken, Role, SessionRecord } from "./state/records.ts";
import type { Stores } from "./state/stores.ts";
import type { Trust } from "./trust/index.ts";

export interface GatewayParts {
  readonly serverId: string;
  readonly trust: Trust;
  readonly audit: AuditLog;
}

/** The proxy, put together. */
export class GatewayProxy implements Proxy {
  readonly stores: Stores;
  readonly serverId: string;
  readonly fingerprint: string;
  readonly caCertificate: string;
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #audit: AuditLog;
  readonly #news = new News();
  readonly #issuer: Issuer;
  readonly #agents = new AgentRegistry();
  readonly #spares: Spares;
  readonly #acts: AgentActs;
  readonly #entrance: AgentEntrance;
  readonly #sessions: SessionRegistry;
  readonly #doors: Doors;
  readonly #stopSweep: () => void;
  #addresses: { listen: HostPort; rfb: HostPort | null };
  #closed: Promise<void> | null = null;

  constructor(options: ProxyOptions, { serverId, trust, audit }: GatewayParts) {
    const { stores, clock, log } = options;
    this.#options = options;
    this.#log = log;
    this.#audit = audit;
    this.stores = stores;
    this.serverId = serverId;
    this.fingerprint = trust.fingerprint;
    this.caCertificate = trust.caCertificate;
    this.#addresses = { listen: options.listen, rfb: options.rfbListen };

    const news = this.#news;
    const index = new TokenIndex(stores.tokens, clock);
    const scan = new TokenScan<(typeof index.candidates)[number]>({
      monotonic: () => performance.now(),
      yieldTo: setImmediate,
    });
    const tokens = new TokenIdentifier(stores, index, scan, new Penalties(clock), clock);
    const tickets = new SetupTickets(clock);
    this.#spares = new Spares({ agents: this.#agents, tickets, advertised: options.advertise, clock, log });
    const pairing = new Pairing(this.#agents, tickets, this.#spares, options.advertise);
    const shared = { stores, serverId, news, audit, clock, log };
    this.#issuer = new Issuer(stores, index, clock);
    this.#sessions = new SessionRegistry({ ...shared, tokens, pairing });
    this.#acts = new AgentActs({
      stores,
      agents: this.#agents,
      endSessions: (agentId) => {
        this.#sessions.endOfAgent(agentId);
      },
      clock,
      log,
    });
    this.#entrance = new AgentEntrance({ ...shared, agents: this.#agents, tickets, spares: this.#spares });
    this.#doors = new Doors({
      trust,
      clock,
      origins: () => [formatUrl("https", this.advertised.web), ...options.allowOrigins],
      onViewer: (viewer) => {
        this.#sessions.receive(viewer);
      },
      onAgent: (arrival) => void this.#entrance.enter(arrival),
    });
    this.#stopSweep = startSweep(stores, clock, log);
    // Not waited for: whoever needs the tokens waits, and tells what fails.
    index.prepare().catch(() => undefined);
  }

  async start(web: http.Server): Promise<void> {
    const { listen, rfbListen } = this.#options;
    this.#addresses = await this.#doors.open(listen, rfbListen, web);
    this.audit({ action: "server.start", outcome: "success" });
    this.#log.info({ event: "proxy.listening", ...this.#addresses }, "proxy listening");
  }

  get addresses(): { readonly listen: HostPort; readonly rfb: HostPort | null } {
    return this.#addresses;
  }

  get advertised(): Advertised {
    return chooseAdvertised(this.#options.advertise, this.#addresses);
  }

  createToken(desktop: DesktopView, role: Role, ttlSeconds: number, createdBy: string): Promise<OpenToken> {
    this.#spares.expectViewer(desktop.agentId);
    return this.#issuer.createToken(desktop, role, ttlSeconds, createdBy);
  }

  async createTicket(desktop: DesktopView, role: Role, createdBy: string): Promise<Ticket> {
    this.#spares.expectViewer(desktop.agentId);
    const ticket = await this.#issuer.createTicket(desktop, role, createdBy);
    return { url: formatUrl("wss", this.advertised.web, "/rfb"), ...ticket };
  }

  createJoinSecret(_createdBy: string): Promise<{ secret: string; expiresAt: number }> {
    return this.#issuer.createJoinSecret();
  }

  connectedAgents(): ConnectedAgent[] {
    return this.#agents.list();
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

  on<E extends keyof ProxyEvents>(event: E, listener: (data: ProxyEvents[E]) => void): () => void {
    return this.#news.on(event, listener);
  }

  audit(entry: AuditEntry): void {
    this.#audit.append(entry);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    this.#stopSweep();
    this.#spares.close();
    this.#acts.close();
    this.#doors.stop();
    await Promise.all([this.#sessions.close(), this.#entrance.close()]);
    await this.#doors.close();
    this.audit({ action: "server.stop", outcome: "success" });
    await this.#audit.close();
  }
}
