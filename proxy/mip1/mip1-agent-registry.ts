import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  AuthError,
  isPosternError,
  LimitError,
  mip1,
  PeerClosed,
  type Clock,
  KeyedQueue,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { type ConnectionSource, plainAddress } from "../model/connection-source.ts";
import { TakeoverDamper } from "../limits/takeover-damper.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { auditUnavailable } from "../audit/audit-unavailable.ts";
import type { ProxyEventEmitter, AuditEntry, ConnectedAgent, HostPort } from "../model/proxy-types.ts";
import type { CredentialIssuer } from "../identify/credential-issuer.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopRecord, DesktopView } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { Mip1ControlConnection } from "./mip1-control-connection.ts";
import { performMip1DesktopHandshake } from "./mip1-desktop-handshake.ts";
import { identifyMip1Agent, loadPseudonymKey, type Mip1Identity } from "./mip1-identity.ts";
import { checkIdentifier } from "./known-identifiers.ts";
import type { Mip1Options } from "../model/mip1-options.ts";
import type { Mip1Tickets } from "./mip1-tickets.ts";
import { WaitingNewcomers } from "./waiting-newcomers.ts";

export interface Mip1AgentRegistryDependencies {
  readonly stores: Pick<Stores, "agents" | "desktops" | "tokens" | "service">;
  readonly serverId: string;
  readonly issuer: CredentialIssuer;
  readonly tickets: Mip1Tickets;
  readonly options: Mip1Options;
  /** Where agents are asked to open their data connections. */
  readonly address: () => HostPort;
  readonly events: ProxyEventEmitter;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Two peers that use one identifier. */
interface Dispute {
  /** Takeovers that no line of the audit log tells of yet. */
  unreported: number;
  cancelReport: () => void;
}

/** The MiP 1 agents that are connected here: each is an agent with one desktop, and its identifier gives the tokens. */
export class Mip1AgentRegistry {
  readonly #dependencies: Mip1AgentRegistryDependencies;
  readonly #connections = new Map<string, Mip1ControlConnection>();
  readonly #queue = new KeyedQueue();
  readonly #disconnecting = new Set<Promise<void>>();
  readonly #damper: TakeoverDamper;
  readonly #newcomers: WaitingNewcomers;
  readonly #disputes = new Map<string, Dispute>();
  /** Takeovers of disputed identifiers since the start, by agent. */
  readonly #clones = new Map<string, number>();
  #key: Promise<Buffer> | undefined;
  #open = true;

  constructor(dependencies: Mip1AgentRegistryDependencies) {
    this.#dependencies = dependencies;
    this.#damper = new TakeoverDamper(dependencies.clock);
    this.#newcomers = new WaitingNewcomers(dependencies.clock);
  }

  /** Agents whose control connection is held here. */
  list(): ConnectedAgent[] {
    return [...this.#connections.values()].map(({ identity: { agentId: id, name } }) => ({
      id,
      name,
      kind: "mip1",
      admitted: false,
    }));
  }

  /** How often two peers with this agent's identifier threw each other out. */
  countClones(agentId: string): number {
    return this.#clones.get(agentId) ?? 0;
  }

  /**
   * Takes a control connection that has sent its identifier; an earlier one of the same identifier is closed. Where that
   * happens again and again, each newcomer waits longer than the one before.
   * @throws ProtocolError `MIP1_IDENTIFIER`, AuthError `MIP1_IDENTIFIER_UNKNOWN`, LimitError `MIP1_AGENTS`, RequestError `AGENT_REVOKED`, `AUDIT_UNAVAILABLE`, PeerClosed
   */
  async register(
    socket: Duplex,
    source: ConnectionSource,
    { identifier }: mip1.Mip1Handshake,
  ): Promise<void> {
    const identity = identifyMip1Agent(identifier, await this.#loadKey());
    const { identifiersFile } = this.#dependencies.options;
    if (identifiersFile !== undefined) await checkIdentifier(identifier, identifiersFile);
    this.#checkAgentLimit(identity, source);
    await this.#awaitTurn(socket, identity);
    await this.#queue.run(identity.agentId, () => this.#enter(socket, source, identity));
  }

  /**
   * Asks a desktop's agent for a data connection; null: no MiP 1 agent that is connected here has it.
   * @returns settles with a connection at ClientInit, which the caller owns
   * @throws ViewerRefusal `DESKTOP_OFFLINE`, `HOST_BUSY`; rejects with ViewerRefusal `HOST_TIMEOUT`, `HOST_OFFLINE`, `DESKTOP_UNREACHABLE`
   */
  open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> | null {
    const connection = this.#connections.get(desktop.agentId);
    if (!connection) return null;
    if (desktop.state === "offline") throw new ViewerRefusal("DESKTOP_OFFLINE");
    const { tickets, options, address, clock, log } = this.#dependencies;
    const bearer = plainAddress(connection.source.address);
    const { ticket, connection: arriving } = tickets.expect(connection, signal, { bearer });
    const { host, port } = address();
    connection.send({
      type: mip1.Mip1MessageType.setupRequest,
      ticket,
      proxyHost: host,
      proxyPort: port,
      endpointHost: options.endpoint.host,
      endpointPort: options.endpoint.port,
    });
    return performMip1DesktopHandshake(arriving, signal, clock, log.child({ agentId: desktop.agentId }));
  }

  /** Ends all connections, and waits until they are given up in the state. Idempotent. */
  async close(): Promise<void> {
    this.#open = false;
    this.#newcomers.close();
    for (const { cancelReport } of this.#disputes.values()) cancelReport();
    for (const connection of this.#connections.values()) connection.destroy(serverStopping());
    await Promise.all(this.#disconnecting);
    await this.#queue.idle();
  }

  #checkAgentLimit({ agentId }: Mip1Identity, { address }: ConnectionSource): void {
    let others = 0;
    for (const { identity, source } of this.#connections.values()) {
      if (source.address === address && identity.agentId !== agentId) others += 1;
    }
    if (others < PROXY_LIMITS.mip1AgentsPerPeer) return;
    throw new LimitError(
      "MIP1_AGENTS",
      `more than ${PROXY_LIMITS.mip1AgentsPerPeer} MiP 1 agents of one peer`,
    );
  }

  async #awaitTurn(socket: Duplex, { agentId }: Mip1Identity): Promise<void> {
    const present = this.#connections.get(agentId);
    const waitMs = present === undefined || present.ended ? 0 : this.#damper.remainingMs(agentId);
    if (present === undefined || waitMs === 0) return;
    await this.#newcomers.wait(agentId, socket, waitMs, present.closed);
    if (!this.#open) throw serverStopping();
  }

  async #enter(socket: Duplex, source: ConnectionSource, identity: Mip1Identity): Promise<void> {
    const { stores, serverId, events, log } = this.#dependencies;
    const { agentId, name } = identity;
    await this.#addRecord(identity);
    const epoch = await stores.agents.claim(agentId, serverId, "mip1");
    const before = this.#connections.get(agentId);
    const entry = this.#noteConnect(agentId, source, before);
    before?.destroy(new AuthError("REPLACED", "the same agent has connected again"));
    let desktop: DesktopRecord;
    try {
      // Its identifier gives tokens: they wait for its line.
      await this.#auditConnect(entry);
      desktop = await stores.desktops.publish(agentId, name, null);
      await this.#openTokens(desktop, identity);
      if (!this.#open) throw serverStopping();
    } catch (error) {
      await stores.agents.release(agentId, epoch).catch(() => undefined);
      throw error;
    }
    const connection: Mip1ControlConnection = new Mip1ControlConnection(
      socket,
      { identity, source, epoch },
      ({ ticket, status }) => {
        if (status !== 0) return;
        const { tickets } = this.#dependencies;
        if (tickets.fail(connection, ticket, new ViewerRefusal("DESKTOP_UNREACHABLE")))
          log.warn({ event: "pairing.refused", agentId }, "a MiP 1 agent cannot open its desktop");
      },
    );
    this.#connections.set(agentId, connection);
    const leaving = connection.closed.then((cause) => this.#handleDisconnect(connection, desktop.id, cause));
    this.#disconnecting.add(leaving);
    void leaving.then(() => this.#disconnecting.delete(leaving));
    log[entry?.action === "agent.connect" ? "info" : "debug"](
      { event: "agent.connected", agentId, kind: "mip1", epoch, source },
      "MiP 1 agent connected",
    );
    events.emit("agent.changed", { agentId });
    events.emit("desktop.changed", { desktopId: desktop.id });
  }

  /**
   * From some number of takeovers on, the audit log has one line that names both peers, and then their number now and again.
   * @returns the line that tells of the newcomer; null: a later one counts it
   */
  #noteConnect(
    agentId: string,
    source: ConnectionSource,
    before: Mip1ControlConnection | undefined,
  ): AuditEntry | null {
    const entry: AuditEntry = { action: "agent.connect", outcome: "success", agentId, source };
    if (before === undefined || before.ended) return entry;
    this.#damper.note(agentId);
    if (!this.#damper.isDisputed(agentId)) return entry;
    this.#clones.set(agentId, this.countClones(agentId) + 1);
    const dispute = this.#disputes.get(agentId);
    if (dispute) {
      dispute.unreported += 1;
      return null;
    }
    this.#disputes.set(agentId, { unreported: 0, cancelReport: this.#reportLater(agentId) });
    const otherSource = before.source;
    this.#dependencies.log.warn(
      { event: "agent.clone", agentId, source, otherSource },
      "two MiP 1 agents use one identifier: each newcomer waits longer now",
    );
    return { action: "agent.clone", outcome: "success", agentId, source, otherSource };
  }

  /** @throws RequestError `AUDIT_UNAVAILABLE` */
  async #auditConnect(entry: AuditEntry | null): Promise<void> {
    const { audit } = this.#dependencies;
    if (entry === null) {
      if (audit.failing) throw auditUnavailable();
      return;
    }
    try {
      await audit.appendDurably(entry);
    } catch (cause) {
      // The one line that names both peers is written later; nothing else tells of them.
      if (entry.action === "agent.clone") audit.append(entry);
      throw auditUnavailable(cause);
    }
  }

  #reportLater(agentId: string): () => void {
    const { clock, audit, log } = this.#dependencies;
    return clock.after(PROXY_LIMITS.takeoverMemoryMs, () => {
      const dispute = this.#disputes.get(agentId);
      if (!dispute) return;
      const { unreported: count } = dispute;
      if (count > 0) {
        audit.append({ action: "agent.clone", outcome: "success", agentId, count });
        log.warn({ event: "agent.clone", agentId, count }, "two MiP 1 agents still use one identifier");
      }
      if (this.#damper.isDisputed(agentId)) {
        dispute.unreported = 0;
        dispute.cancelReport = this.#reportLater(agentId);
      } else this.#disputes.delete(agentId);
    });
  }

  async #addRecord({ agentId, name }: Mip1Identity): Promise<void> {
    const { agents } = this.#dependencies.stores;
    if (await agents.find(agentId)) return;
    try {
      await agents.add({ id: agentId, name, kind: "mip1", publicKey: "" });
    } catch (error) {
      // Another server was faster.
      if (!isPosternError(error) || error.code !== "AGENT_EXISTS") throw error;
    }
  }

  /** Tokens that an earlier connection left are the same ones: sessions that use them stay open. */
  async #openTokens(desktop: DesktopRecord, { agentId, tokens }: Mip1Identity): Promise<void> {
    const { stores, issuer, clock } = this.#dependencies;
    const present = await this.#listTokens(desktop.id, agentId);
    const lasting = present.filter(({ expiresAt }) => expiresAt > clock.now() + PROXY_LIMITS.mip1TokenMs / 2);
    if (present.length === tokens.length && lasting.length === tokens.length) return;
    for (const { id } of present) await stores.tokens.revoke(id);
    for (const token of tokens) {
      await issuer.createToken(desktop, "control", PROXY_LIMITS.mip1TokenMs / 1000, agentId, [], token);
    }
  }

  async #listTokens(desktopId: string, agentId: string): Promise<{ id: string; expiresAt: number }[]> {
    return (await this.#dependencies.stores.tokens.list(desktopId)).filter(
      ({ createdBy }) => createdBy === agentId,
    );
  }

  async #handleDisconnect(connection: Mip1ControlConnection, desktopId: string, cause: Error): Promise<void> {
    const { audit, log, tickets } = this.#dependencies;
    const { agentId } = connection.identity;
    const reason = isPosternError(cause) ? cause.code : "INTERNAL";
    if (this.#connections.get(agentId) === connection) this.#connections.delete(agentId);
    tickets.failAll(connection);
    const isTakeover = reason === "REPLACED" && this.#disputes.has(agentId);
    if (!isTakeover) audit.append({ action: "agent.disconnect", outcome: "success", agentId, reason });
    log[isTakeover ? "debug" : "info"](
      { event: "agent.disconnected", agentId, reason, detail: cause.message },
      "MiP 1 agent disconnected",
    );
    try {
      await this.#queue.run(agentId, () => this.#release(connection, desktopId));
    } catch (error) {
      log.error({ event: "agent.state", agentId, err: error }, "an agent's end could not be stored");
    }
  }

  async #release({ identity: { agentId }, epoch }: Mip1ControlConnection, desktopId: string): Promise<void> {
    const { stores, events } = this.#dependencies;
    // A newer connection has taken over tokens and desktop.
    if (this.#connections.has(agentId)) return;
    if (!(await stores.agents.release(agentId, epoch))) return;
    for (const { id } of await this.#listTokens(desktopId, agentId)) await stores.tokens.revoke(id);
    events.emit("desktop.changed", { desktopId });
    events.emit("agent.changed", { agentId });
  }

  async #loadKey(): Promise<Buffer> {
    this.#key ??= loadPseudonymKey(this.#dependencies.stores.service);
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }
}

function serverStopping(): PeerClosed {
  return new PeerClosed("SERVER_STOPPING", "the server is stopping");
}
