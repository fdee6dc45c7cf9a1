import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { AuthError, isPosternError, LimitError, mip1, PeerClosed, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { News } from "../events.ts";
import type { Issuer } from "../identify/issue.ts";
import type { ConnectedAgent, HostPort } from "../proxy.ts";
import { Refusal } from "../refusals.ts";
import type { DesktopRecord, DesktopView } from "../state/records.ts";
import type { Stores } from "../state/stores.ts";
import { Mip1ControlConnection } from "./control-connection.ts";
import { enterMip1Desktop } from "./enter-desktop.ts";
import { identify, loadPseudonymKey, type Mip1Identity } from "./identifier.ts";
import { checkIdentifier } from "./known-identifiers.ts";
import type { Mip1Options } from "./options.ts";
import type { Mip1Tickets } from "./tickets.ts";
import { Turns } from "./turns.ts";

export interface Mip1RoomParts {
  readonly stores: Pick<Stores, "agents" | "desktops" | "tokens" | "service">;
  readonly serverId: string;
  readonly issuer: Issuer;
  readonly tickets: Mip1Tickets;
  readonly options: Mip1Options;
  /** Where agents are told to bring their data connections. */
  readonly address: () => HostPort;
  readonly news: News;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The MiP 1 agents that are connected here: each is an agent with one desktop, and its identifier gives the tokens. */
export class Mip1Room {
  readonly #parts: Mip1RoomParts;
  readonly #connections = new Map<string, Mip1ControlConnection>();
  readonly #turns = new Turns();
  readonly #leaving = new Set<Promise<void>>();
  #key: Promise<Buffer> | undefined;
  #open = true;

  constructor(parts: Mip1RoomParts) {
    this.#parts = parts;
  }

  /** Agents whose control connection is held here. */
  list(): ConnectedAgent[] {
    return [...this.#connections.values()].map(({ identity: { agentId: id, name } }) => ({
      id,
      name,
      kind: "mip1",
    }));
  }

  /**
   * Takes a control connection that has said who it is; an earlier one of the same identifier goes.
   * @throws ProtocolError `MIP1_IDENTIFIER`, AuthError `MIP1_IDENTIFIER_UNKNOWN`, LimitError `MIP1_AGENTS`, RequestError `AGENT_REVOKED`, PeerClosed
   */
  async admit(socket: Duplex, source: Source, { identifier }: mip1.Mip1Handshake): Promise<void> {
    const identity = identify(identifier, await this.#loadKey());
    const { identifiersFile } = this.#parts.options;
    if (identifiersFile !== undefined) await checkIdentifier(identifier, identifiersFile);
    this.#checkRoom(identity, source);
    await this.#turns.take(identity.agentId, () => this.#admit(socket, source, identity));
  }

  /**
   * Asks a desktop's agent for a data connection; null: no MiP 1 agent that is connected here has it.
   * @returns settles with a connection that stands at ClientInit, which the caller owns
   * @throws Refusal `DESKTOP_OFFLINE`, `HOST_BUSY`; rejects with Refusal `HOST_TIMEOUT`, `HOST_OFFLINE`, `DESKTOP_UNREACHABLE`
   */
  open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> | null {
    const connection = this.#connections.get(desktop.agentId);
    if (!connection) return null;
    if (desktop.state === "offline") throw new Refusal("DESKTOP_OFFLINE");
    const { tickets, options, address, clock, log } = this.#parts;
    const { ticket, arrival } = tickets.expect(connection, connection.source.address, signal);
    const { host, port } = address();
    connection.send({
      type: mip1.Mip1MessageType.setupRequest,
      ticket,
      proxyHost: host,
      proxyPort: port,
      endpointHost: options.endpoint.host,
      endpointPort: options.endpoint.port,
    });
    return enterMip1Desktop(arrival, signal, clock, log.child({ agentId: desktop.agentId }));
  }

  /** Ends all connections, and waits until they are given up in the state. Idempotent. */
  async close(): Promise<void> {
    this.#open = false;
    for (const connection of this.#connections.values()) connection.destroy(stopping());
    await Promise.all(this.#leaving);
    await this.#turns.idle();
  }

  #checkRoom({ agentId }: Mip1Identity, { address }: Source): void {
    let others = 0;
    for (const { identity, source } of this.#connections.values()) {
      if (source.address === address && identity.agentId !== agentId) others += 1;
    }
    if (others < LIMITS.mip1AgentsPerPeer) return;
    throw new LimitError("MIP1_AGENTS", `more than ${LIMITS.mip1AgentsPerPeer} MiP 1 agents of one peer`);
  }

  async #admit(socket: Duplex, source: Source, identity: Mip1Identity): Promise<void> {
    const { stores, serverId, news, audit, log } = this.#parts;
    const { agentId, name } = identity;
    await this.#register(identity);
    const epoch = await stores.agents.claim(agentId, serverId, "mip1");
    this.#connections.get(agentId)?.destroy(new AuthError("REPLACED", "the same agent has connected again"));
    let desktop: DesktopRecord;
    try {
      desktop = await stores.desktops.publish(agentId, name, null);
      await this.#openTokens(desktop, identity);
      if (!this.#open) throw stopping();
    } catch (error) {
      await stores.agents.release(agentId, epoch).catch(() => undefined);
      throw error;
    }
    const connection: Mip1ControlConnection = new Mip1ControlConnection(
      socket,
      { identity, source, epoch },
      ({ ticket, status }) => {
        if (status !== 0) return;
        log.warn({ event: "pairing.refused", agentId }, "a MiP 1 agent cannot open its desktop");
        this.#parts.tickets.fail(connection, ticket, new Refusal("DESKTOP_UNREACHABLE"));
      },
    );
    this.#connections.set(agentId, connection);
    const leaving = connection.closed.then((cause) => this.#leave(connection, desktop.id, cause));
    this.#leaving.add(leaving);
    void leaving.then(() => this.#leaving.delete(leaving));
    audit.append({ action: "agent.connect", outcome: "success", agentId, source });
    log.info({ event: "agent.connected", agentId, kind: "mip1", epoch, source }, "MiP 1 agent connected");
    news.emit("agent.changed", { agentId });
    news.emit("desktop.changed", { desktopId: desktop.id });
  }

  async #register({ agentId, name }: Mip1Identity): Promise<void> {
    const { agents } = this.#parts.stores;
    if (await agents.find(agentId)) return;
    try {
      await agents.add({ id: agentId, name, kind: "mip1", publicKey: "" });
    } catch (error) {
      // Another server was faster.
      if (!isPosternError(error) || error.code !== "AGENT_EXISTS") throw error;
    }
  }

  /** Tokens that an earlier connection left are the same ones: sessions that run on them go on. */
  async #openTokens(desktop: DesktopRecord, { agentId, tokens }: Mip1Identity): Promise<void> {
    const { stores, issuer, clock } = this.#parts;
    const present = await this.#listTokens(desktop.id, agentId);
    const lasting = present.filter(({ expiresAt }) => expiresAt > clock.now() + LIMITS.mip1TokenMs / 2);
    if (present.length === tokens.length && lasting.length === tokens.length) return;
    for (const { id } of present) await stores.tokens.revoke(id);
    for (const token of tokens) {
      await issuer.createToken(desktop, "control", LIMITS.mip1TokenMs / 1000, agentId, [], token);
    }
  }

  async #listTokens(desktopId: string, agentId: string): Promise<{ id: string; expiresAt: number }[]> {
    return (await this.#parts.stores.tokens.list(desktopId)).filter(({ createdBy }) => createdBy === agentId);
  }

  async #leave(connection: Mip1ControlConnection, desktopId: string, cause: Error): Promise<void> {
    const { audit, log, tickets } = this.#parts;
    const { agentId } = connection.identity;
    const reason = isPosternError(cause) ? cause.code : "INTERNAL";
    if (this.#connections.get(agentId) === connection) this.#connections.delete(agentId);
    tickets.failAll(connection);
    audit.append({ action: "agent.disconnect", outcome: "success", agentId, reason });
    log.info(
      { event: "agent.disconnected", agentId, reason, detail: cause.message },
      "MiP 1 agent disconnected",
    );
    try {
      await this.#turns.take(agentId, () => this.#giveUp(connection, desktopId));
    } catch (error) {
      log.error({ event: "agent.state", agentId, err: error }, "an agent's end could not be stored");
    }
  }

  async #giveUp({ identity: { agentId }, epoch }: Mip1ControlConnection, desktopId: string): Promise<void> {
    const { stores, news } = this.#parts;
    // A newer connection has taken over tokens and desktop.
    if (this.#connections.has(agentId)) return;
    if (!(await stores.agents.release(agentId, epoch))) return;
    for (const { id } of await this.#listTokens(desktopId, agentId)) await stores.tokens.revoke(id);
    news.emit("desktop.changed", { desktopId });
    news.emit("agent.changed", { agentId });
  }

  async #loadKey(): Promise<Buffer> {
    this.#key ??= loadPseudonymKey(this.#parts.stores.service);
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }
}

function stopping(): PeerClosed {
  return new PeerClosed("SERVER_STOPPING", "the server is stopping");
}
