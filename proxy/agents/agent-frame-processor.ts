import type { Logger } from "pino";
import {
  desktopName,
  encodeJsonFrame,
  event as eventSchema,
  FrameType,
  hostEvents,
  isPosternError,
  newKey as newKeySchema,
  PeerClosed,
  ProtocolError,
  publish as publishSchema,
  reply as replySchema,
  SETUP_PENDING,
  withdraw as withdrawSchema,
  type HostEvent,
  type Publish,
  type Mip2SetupResponse,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { ProxyEventEmitter } from "../model/proxy-types.ts";
import type { Stores } from "../state/stores.ts";
import type { AgentControlConnection, AgentFrameHandler } from "./agent-control-connection.ts";
import { isRotationValid } from "./agent-proof.ts";
import { readSetupFailure } from "./read-setup-failure.ts";
import type { ConnectionTickets } from "../model/connection-tickets.ts";

export interface AgentFrameProcessorDependencies {
  readonly stores: Pick<Stores, "agents" | "desktops">;
  readonly tickets: ConnectionTickets<Buffer>;
  readonly events: ProxyEventEmitter;
  readonly audit: AuditLog;
  /** The key that the agent has proven, base64, and the exporter of its control connection. */
  readonly proven: { readonly publicKey: string; readonly exporter: Buffer };
  readonly log: Logger;
}

/** What one connected agent may do to the server's state, one thing after the other. */
export class AgentFrameProcessor implements AgentFrameHandler {
  readonly #connection: AgentControlConnection;
  readonly #dependencies: AgentFrameProcessorDependencies;
  readonly #desktops = new Map<string, string>();
  #queue: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(connection: AgentControlConnection, dependencies: AgentFrameProcessorDependencies) {
    this.#connection = connection;
    this.#dependencies = dependencies;
  }

  publish(value: unknown): Promise<void> {
    const frame = parse(publishSchema, value, "publish");
    return this.#enqueue(() => this.#publish(frame));
  }

  withdraw(value: unknown): Promise<void> {
    const { name } = parse(withdrawSchema, value, "withdraw");
    return this.#enqueue(async () => {
      const desktopId = this.#desktops.get(name);
      if (desktopId === undefined) return;
      await this.#dependencies.stores.desktops.withdraw(this.#connection.agent.id, name);
      this.#desktops.delete(name);
      this.#dependencies.events.emit("desktop.changed", { desktopId });
    });
  }

  /** The old key and the new one vouch for each other; then the agent comes back and proves the new one. */
  newKey(value: unknown): Promise<void> {
    const frame = parse(newKeySchema, value, "new key");
    const { agent, epoch } = this.#connection;
    const { stores, audit, proven, log } = this.#dependencies;
    if (!isRotationValid(agent.id, frame, proven)) {
      audit.append({
        action: "agent.rotate",
        outcome: "failure",
        agentId: agent.id,
        reason: "PROOF_REFUSED",
      });
      throw new ProtocolError("ROTATION_REFUSED", "a new key without valid signatures");
    }
    return this.#enqueue(async () => {
      const hold = { epoch, publicKey: proven.publicKey };
      const entry = { action: "agent.rotate", outcome: "success", agentId: agent.id } as const;
      try {
        await audit.appendDurably(entry);
      } catch (cause) {
        // Its old key still counts, and who asked for the rotation is told so.
        const last = { reason: "The server cannot write its audit log.", reconnectWithinMs: 0 };
        const end = new PeerClosed("AUDIT_UNAVAILABLE", "the key stays, as its line cannot be written", {
          cause,
        });
        this.#connection.finish(encodeJsonFrame(FrameType.drain, last), end);
        return;
      }
      if (!(await stores.agents.replaceKey(agent.id, hold, normalizeBase64(frame.publicKey)))) {
        audit.append({ ...entry, outcome: "failure", reason: "AGENT_NOT_ROTATED" });
        return;
      }
      log.info({ event: "agent.rotated" }, "the agent has a new key");
      const last = { reason: "The agent's key was replaced.", reconnectWithinMs: 0 };
      const cause = new PeerClosed("AGENT_ROTATED", "the agent comes back with its new key");
      this.#connection.finish(encodeJsonFrame(FrameType.drain, last), cause);
    });
  }

  reply(value: unknown): void {
    this.#connection.requests.settle(parse(replySchema, value, "reply"));
  }

  /** A ticket that this agent was not given, or that is over, is ignored. */
  setupResponse({ ticket, status, code }: Mip2SetupResponse): void {
    const { tickets, log } = this.#dependencies;
    // Also for one that a spare connection was given: it carries the answer alone. Nobody else can know the ticket.
    if (status === SETUP_PENDING) tickets.postpone(ticket);
    if (status !== 0 || !tickets.isPending(this.#connection, ticket)) return;
    tickets.fail(this.#connection, ticket, readSetupFailure(code, log));
  }

  /** Only hosts that were let in report machines; unknown events are for newer servers, and ignored. */
  event(value: unknown): void | Promise<void> {
    const { name, data } = parse(eventSchema, value, "event");
    const { agent } = this.#connection;
    if (!agent.admitted || !isHostEvent(name)) return;
    const agentId = agent.id;
    switch (name) {
      case "machine.state": {
        const machine = parse(hostEvents[name], data, name);
        return this.#dependencies.events.deliver(name, { agentId, machine });
      }
      case "machine.removed": {
        const { id } = parse(hostEvents[name], data, name);
        return this.#dependencies.events.deliver(name, { agentId, machineId: id });
      }
      case "image.changed":
        return this.#dependencies.events.deliver(name, { agentId });
    }
  }

  /** The connection is over: gives the agent up, if no newer connection has it. Settles when that is done. */
  async handleDisconnect(): Promise<void> {
    const { stores, events, tickets } = this.#dependencies;
    const { agent, epoch } = this.#connection;
    tickets.failAll(this.#connection);
    await this.#enqueue(async () => {
      if (!(await stores.agents.release(agent.id, epoch))) return;
      for (const desktopId of this.#desktops.values()) events.emit("desktop.changed", { desktopId });
    });
    events.emit("agent.changed", { agentId: agent.id });
  }

  async #publish({ id, name, ...frame }: Publish): Promise<void> {
    if (this.#connection.ended) return;
    if (!desktopName.safeParse(name).success) {
      const message = "The desktop's name has characters that cannot be seen, or a blank at one of its ends.";
      this.#answer(id, { ok: false, error: { code: "DESKTOP_NAME", message } });
      return;
    }
    const { stores, events } = this.#dependencies;
    const { agent } = this.#connection;
    // Who has no machines has no screens of machines either.
    const machineId = agent.admitted ? (frame.machineId ?? null) : null;
    try {
      const known = await this.#findPublished(name, machineId);
      const desktopId =
        known ?? (await stores.desktops.publish(agent.id, name, machineId, PROXY_LIMITS.agentDesktops)).id;
      this.#failing = false;
      const before = this.#desktops.get(name);
      this.#desktops.set(name, desktopId);
      this.#answer(id, { ok: true, result: { desktopId } });
      if (known !== null) return;
      events.emit("desktop.changed", { desktopId });
      if (before !== undefined && before !== desktopId) events.emit("desktop.changed", { desktopId: before });
    } catch (error) {
      if (isPosternError(error) && error.code === "DESKTOP_LIMIT") {
        this.#answer(id, { ok: false, error: { code: error.code, message: error.safeMessage ?? "" } });
        return;
      }
      const message = "The server cannot store the desktop now.";
      this.#answer(id, { ok: false, error: { code: "STATE_UNAVAILABLE", message } });
      throw error;
    }
  }

  /** The id of a desktop that this connection has published like this already, and that has not been deleted since. */
  async #findPublished(name: string, machineId: string | null): Promise<string | null> {
    const desktopId = this.#desktops.get(name);
    if (desktopId === undefined) return null;
    const desktop = await this.#dependencies.stores.desktops.find(desktopId);
    return desktop?.state === "online" && desktop.machineId === machineId ? desktopId : null;
  }

  #answer(id: number, answer: object): void {
    this.#connection.send(encodeJsonFrame(FrameType.reply, { id, ...answer }));
  }

  /** @returns never rejects */
  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(task).catch((error: unknown) => {
      this.#reportFailure(error);
    });
    return this.#queue;
  }

  /** Once until a change is stored again: an agent may try as often as it likes. */
  #reportFailure(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#dependencies.log.error(
      { event: "agent.state", err: error },
      "an agent's change could not be stored",
    );
  }
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown };
}

function parse<T>(schema: Schema<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProtocolError("MIP_FRAME", `an agent's ${what} is malformed`, { cause: parsed.error });
}

/** The canonical form of the same bytes. */
function normalizeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("base64");
}

function isHostEvent(name: string): name is HostEvent {
  return Object.hasOwn(hostEvents, name);
}
