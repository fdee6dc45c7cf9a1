import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import {
  bytes,
  Conversation,
  logInToServer,
  isPosternError,
  repeaterRequest,
  type Clock,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { TokenGuessThrottle } from "../limits/token-guess-throttle.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { PeerLog } from "../model/peer-log.ts";
import type { ProxyEventEmitter } from "../model/proxy-types.ts";
import { hashRepeaterId } from "../identify/repeater-id-issuer.ts";
import type { AcceptedConnection } from "../listen/tcp-listener.ts";
import { abortOnDisconnect } from "../listen/abort-on-disconnect.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";

const VERSION_BYTES = 12;

export interface ReverseServersDependencies {
  readonly stores: Stores;
  readonly serverId: string;
  readonly throttle: TokenGuessThrottle;
  readonly events: ProxyEventEmitter;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

interface WaitingServer {
  readonly socket: Socket;
  readonly epoch: number;
  readonly desktopId: string;
  /** Its ProtocolVersion: read early, so that the end of the connection is noticed. */
  readonly version: Buffer;
  stopWatching(): void;
}

/**
 * VNC servers that have dialled the repeater's port by themselves, by the number that an administrator made for
 * them. Each waits for one viewer; when that one has left, the server dials again.
 */
export class ReverseServers {
  readonly #dependencies: ReverseServersDependencies;
  readonly #peerLog: PeerLog;
  readonly #waiting = new Map<string, WaitingServer>();
  #open = true;

  constructor(dependencies: ReverseServersDependencies) {
    this.#dependencies = dependencies;
    this.#peerLog = new PeerLog(dependencies.log, dependencies.clock);
  }

  /** Never rejects: any error ends the connection. */
  async accept({ socket, source, authenticated }: AcceptedConnection): Promise<void> {
    const { stores, throttle, audit, clock } = this.#dependencies;
    const limits = { deadlineMs: PROXY_LIMITS.mipHandshakeMs, maxBytes: PROXY_LIMITS.mipHandshakeBytes };
    const peer = new Conversation(socket, limits, clock);
    try {
      const number = await peer.read(repeaterRequest());
      const guess = await throttle.begin(source.address);
      let desktop: DesktopView | null;
      try {
        const desktopId = await stores.repeaterIds.find(hashRepeaterId("server", number), clock.now());
        desktop = desktopId === null ? null : await stores.desktops.find(desktopId);
        if (desktop) guess.right();
        else guess.wrong();
      } finally {
        guess.withdraw();
      }
      if (!desktop) throw new ViewerRefusal("TOKEN_WRONG");
      const version = Buffer.from(await peer.read(bytes(VERSION_BYTES)));
      peer.release();
      authenticated();
      await this.#register({ socket, source }, desktop, version);
    } catch (error) {
      peer.release();
      socket.destroy();
      const [code, detail] = isPosternError(error) ? [error.code, error.message] : ["INTERNAL", undefined];
      const message = "a VNC server that dialled in was turned away";
      this.#peerLog.warn({ event: "repeater.rejected", code, source, detail }, message);
      audit.append({ action: "agent.refuse", outcome: "failure", source, reason: code });
    }
  }

  /**
   * The server of this desktop, standing at ClientInit, for the one viewer that it can serve; null: none waits.
   * @throws ViewerRefusal `DESKTOP_UNREACHABLE`
   */
  async take(desktop: DesktopView, signal: AbortSignal): Promise<Duplex | null> {
    const waiting = this.#waiting.get(desktop.agentId);
    if (!waiting || waiting.socket.destroyed) return null;
    await this.#unregister(desktop.agentId, waiting);
    waiting.socket.unshift(waiting.version);
    const limits = { deadlineMs: PROXY_LIMITS.rfbHandshakeMs, maxBytes: PROXY_LIMITS.rfbHandshakeBytes };
    const peer = new Conversation(waiting.socket, limits, this.#dependencies.clock, signal);
    try {
      await logInToServer(peer, {});
      peer.release();
      return waiting.socket;
    } catch (cause) {
      peer.release();
      waiting.socket.destroy();
      const code = isPosternError(cause) ? cause.code : "INTERNAL";
      this.#dependencies.log.warn(
        { event: "repeater.unusable", code },
        "a VNC server that dialled in cannot be used",
      );
      throw new ViewerRefusal("DESKTOP_UNREACHABLE");
    }
  }

  /** Closes those that wait, and gives them up in the state. Idempotent. */
  async close(): Promise<void> {
    this.#open = false;
    for (const [agentId, waiting] of [...this.#waiting]) {
      waiting.socket.destroy();
      await this.#unregister(agentId, waiting);
    }
  }

  /** The newest connection wins: an old one may be long dead. */
  async #register(
    { socket, source }: Pick<AcceptedConnection, "socket" | "source">,
    desktop: DesktopView,
    version: Buffer,
  ): Promise<void> {
    const { stores, serverId, audit } = this.#dependencies;
    const { agentId } = desktop;
    const epoch = await stores.agents.claim(agentId, serverId, "agent");
    await stores.desktops.publish(agentId, desktop.name, null);
    const watch = abortOnDisconnect(socket, new AbortController().signal);
    const waiting = { socket, epoch, desktopId: desktop.id, version, stopWatching: watch.stop };
    const before = this.#waiting.get(agentId);
    this.#waiting.set(agentId, waiting);
    before?.stopWatching();
    before?.socket.destroy();
    const onDisconnect = (): void => {
      socket.destroy();
      void this.#unregister(agentId, waiting);
    };
    watch.signal.addEventListener("abort", onDisconnect);
    if (watch.signal.aborted || !this.#open) onDisconnect();
    audit.append({ action: "agent.connect", outcome: "success", agentId, source });
    this.#emitChange(waiting);
  }

  async #unregister(agentId: string, waiting: WaitingServer): Promise<void> {
    waiting.stopWatching();
    if (this.#waiting.get(agentId) !== waiting) return;
    this.#waiting.delete(agentId);
    const { stores, log, audit } = this.#dependencies;
    audit.append({ action: "agent.disconnect", outcome: "success", agentId });
    await stores.agents.release(agentId, waiting.epoch).catch((error: unknown) => {
      log.error({ event: "agent.state", err: error }, "a desktop could not be marked offline");
    });
    this.#emitChange(waiting);
  }

  #emitChange({ desktopId }: WaitingServer): void {
    this.#dependencies.events.emit("desktop.changed", { desktopId });
  }
}
