import type http from "node:http";
import {
  RequestError,
  type Clock,
  type HostMethod,
  type HostParams,
  type HostResult,
  type Permission,
  TypedEventEmitter,
} from "../../protocol/index.ts";
import type {
  AuditEntry,
  AuditEvent,
  AuditQuery,
  AuditReader,
  AuthorityCommands,
  ConnectedAgent,
  DesktopView,
  HostPort,
  IssuedToken,
  Proxy,
  ProxyEventEmitter,
  ProxyEvents,
  Role,
  SessionRecord,
  Stores,
  IssuedTicket,
} from "../../proxy/index.ts";
import { Rights } from "../../proxy/rights/rights.ts";
import { ManualClock } from "./manual-clock.ts";

type Source = NonNullable<ReturnType<Proxy["requesterOf"]>>;
type Answers = { [M in HostMethod]?: (params: HostParams<M>) => HostResult<M> | Promise<HostResult<M>> };

/** A proxy that does what a test scripts: hosts that answer as told, events when the test says so. */
export class FakeProxy implements Proxy {
  readonly addresses = { listen: { host: "127.0.0.1", port: 8443 }, rfb: { host: "127.0.0.1", port: 5900 } };
  readonly advertised: { web: HostPort; readonly rfb: HostPort } = {
    web: { host: "desk.test", port: 8443 },
    rfb: { host: "desk.test", port: 5900 },
  };
  readonly fingerprint = "f".repeat(64);
  readonly caCertificate = "";
  readonly authority: AuthorityCommands = {
    fingerprint: this.fingerprint,
    certificate: this.caCertificate,
    previous: null,
    listBehind: () => this.stores.agents.list(),
    rotate: () => {
      this.asked.push("ca rotate");
      return Promise.resolve();
    },
    retire: (force) =>
      force ? Promise.resolve() : Promise.reject(new RequestError("CA_AGENTS_BEHIND", "not now")),
  };
  readonly viewerFingerprint = "00-11-22-33-44-55-66-77";
  readonly serverId: string;
  readonly stores: Stores;
  readonly rights: Rights;
  readonly audited: AuditEntry[] = [];
  readonly auditPublicKey = "audit-public-key";
  readonly auditQueries: AuditQuery[] = [];
  auditEvents: AuditEvent[] = [];
  /** Every request to a host, as `HOST METHOD`. */
  readonly asked: string[] = [];
  sessions: SessionRecord[] = [];
  /** Agents of whose desktops somebody said that one may be opened next. */
  readonly expected: string[] = [];
  /** By which login each ticket was made. */
  readonly ticketLogins: (string | null)[] = [];
  /** Requests whose senders were signed in. */
  admitted = 0;
  /** What the agents that redeem the join secrets may be. */
  readonly grants: Parameters<Proxy["createJoinSecret"]>[0][] = [];
  /** How often somebody had the open sessions looked at. */
  checks = 0;
  readonly #events: ProxyEventEmitter = new TypedEventEmitter();
  #listeners = 0;
  readonly #agents = new Map<string, ConnectedAgent>();
  readonly #hosts = new Map<string, Answers>();

  constructor(stores: Stores, serverId = "server-1", clock: Clock = new ManualClock()) {
    this.stores = stores;
    this.rights = new Rights(stores, clock);
    this.serverId = serverId;
  }

  /** Connects a host that answers as scripted; what is not scripted never gets an answer. */
  connectHost(id: string, answers: Answers, admitted = true): void {
    this.#agents.set(id, { id, name: `name-of-${id}`, kind: "host", admitted });
    this.#hosts.set(id, {
      "machine.list": () => [],
      "image.list": () => [],
      "disk.list": () => [],
      // A host of an older release, unless the test knows better.
      "host.facts": () => {
        throw new RequestError("METHOD_UNKNOWN", "unknown method host.facts");
      },
      ...answers,
    });
    this.emit("agent.changed", { agentId: id });
  }

  disconnect(id: string): void {
    this.#agents.delete(id);
    this.#hosts.delete(id);
    this.emit("agent.changed", { agentId: id });
  }

  emit<E extends keyof ProxyEvents>(event: E, data: ProxyEvents[E]): void {
    this.#events.emit(event, data);
  }

  /** Settles when those who listen are done with the event. */
  async emitAndWait<E extends keyof ProxyEvents>(event: E, data: ProxyEvents[E]): Promise<void> {
    await this.#events.deliver(event, data);
  }

  /** How often a host was asked `method`. */
  count(hostId: string, method: HostMethod): number {
    return this.asked.filter((line) => line === `${hostId} ${method}`).length;
  }

  get listeners(): number {
    return this.#listeners;
  }

  start(_web: http.Server): Promise<void> {
    return Promise.resolve();
  }

  async createToken(
    desktop: DesktopView,
    role: Role,
    ttl: number,
    createdBy: string,
    denied: readonly Permission[] = [],
  ): Promise<IssuedToken> {
    const token = "abcd2345";
    const expiresAt = Date.UTC(2026, 0, 1) + ttl * 1000;
    const record = await this.stores.tokens.create({
      desktopId: desktop.id,
      token,
      role,
      denied,
      createdBy,
      expiresAt,
    });
    return { ...record, token };
  }

  createTicket(...[desktop, , , , loginHash]: Parameters<Proxy["createTicket"]>): Promise<IssuedTicket> {
    this.ticketLogins.push(loginHash ?? null);
    const protocols = ["binary", `ticket.${desktop.id}`];
    return Promise.resolve({ url: "wss://desk.test:8443/rfb", protocols, expiresAt: 60_000 });
  }

  createViewerRepeaterId(): Promise<{ number: string; expiresAt: number }> {
    return Promise.resolve({ number: "123456789", expiresAt: 1 });
  }

  createServerRepeaterId(): Promise<{ number: string; expiresAt: number }> {
    return Promise.resolve({ number: "987654321", expiresAt: 1 });
  }

  createJoinSecret(
    grant?: Parameters<Proxy["createJoinSecret"]>[0],
  ): Promise<{ secret: string; expiresAt: number }> {
    this.grants.push(grant);
    return Promise.resolve({ secret: "join-secret", expiresAt: 3_600_000 });
  }

  connectedAgents(): ConnectedAgent[] {
    return [...this.#agents.values()];
  }

  canAskHost(agentId: string): boolean {
    return this.#agents.get(agentId)?.admitted === true;
  }

  async requestHost<M extends HostMethod>(
    agentId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    this.asked.push(`${agentId} ${method}`);
    const answers = this.#hosts.get(agentId);
    if (answers === undefined) throw new RequestError("HOST_OFFLINE", "host offline");
    const answer: Answers[M] = answers[method];
    if (answer === undefined) return new Promise(() => undefined);
    return answer(params);
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.stores.agents.revoke(agentId);
  }

  setAgentRole(...[agentId, role]: Parameters<Proxy["setAgentRole"]>): ReturnType<Proxy["setAgentRole"]> {
    return this.stores.agents.setRole(agentId, role);
  }

  removeDesktop(desktopId: string): Promise<boolean> {
    return this.stores.desktops.removeOffline(desktopId);
  }

  rotateAgentKey(agentId: string): Promise<void> {
    this.asked.push(`${agentId} rotate`);
    return Promise.resolve();
  }

  countClones(): number {
    return 0;
  }

  requesterOf({ socket: { remoteAddress, remotePort } }: http.IncomingMessage): Source | null {
    return remoteAddress === undefined ? null : { address: remoteAddress, port: remotePort ?? 0 };
  }

  takeHttpConnection(): void {
    this.admitted += 1;
  }

  expectViewer(agentId: string): void {
    this.expected.push(agentId);
  }

  openSessions(): SessionRecord[] {
    return this.sessions;
  }

  async endSession(id: string): Promise<boolean> {
    return this.stores.sessions.requestEnd(id, "SESSION_ENDED");
  }

  checkSessions(): Promise<void> {
    this.checks += 1;
    return this.rights.refresh();
  }

  on<E extends keyof ProxyEvents>(
    event: E,
    listener: (data: ProxyEvents[E]) => void | Promise<void>,
  ): () => void {
    const stop = this.#events.on(event, listener);
    this.#listeners += 1;
    return () => {
      this.#listeners -= 1;
      stop();
    };
  }

  audit(entry: AuditEntry): void {
    this.audited.push(entry);
  }

  /** Set: its log cannot be written. */
  auditFails = false;

  auditDurably(entry: AuditEntry): Promise<void> {
    if (this.auditFails) return Promise.reject(new RequestError("AUDIT_UNAVAILABLE", "no line"));
    this.audit(entry);
    return Promise.resolve();
  }

  readAudit(query: AuditQuery, reader: AuditReader): Promise<AuditEvent[]> {
    this.audit({ action: "audit.read", outcome: "success", ...reader });
    this.auditQueries.push(query);
    return Promise.resolve(this.auditEvents);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
