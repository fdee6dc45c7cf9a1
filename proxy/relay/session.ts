import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { readClientInit } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { News } from "../events.ts";
import type { Identity } from "../identify/identity.ts";
import { finishStream } from "../listen/finish-stream.ts";
import type { Pairing } from "../pair/pairing.ts";
import {
  FIRST_STATE,
  transition,
  type EndCause,
  type SessionEvent,
  type SessionState,
} from "../pair/session-state.ts";
import { Refusal, toRefusal, type RefusalCode } from "../refusals.ts";
import type { SessionRecord } from "../state/records.ts";
import { abortWhenGone } from "./abort-when-gone.ts";
import { chooseCloseCode, nameEnd } from "./end-cause.ts";
import { converse } from "./converse.ts";
import { enterDesktop } from "./enter-desktop.ts";
import { startRelay, type Relay } from "./relay.ts";
import { SessionLedger } from "./session-ledger.ts";
import { approach } from "./threshold.ts";
import type { Threshold, ThresholdParts } from "./threshold-parts.ts";

export interface SessionParts extends ThresholdParts {
  readonly serverId: string;
  readonly pairing: Pairing;
  readonly audit: AuditLog;
  readonly news: News;
  readonly log: Logger;
}

/** One viewer's way from its first byte to its last. */
export class Session {
  readonly id = randomUUID();
  readonly #viewer: Viewer;
  readonly #parts: SessionParts;
  readonly #log: Logger;
  readonly #ledger: SessionLedger;
  readonly #abort = new AbortController();
  #state: SessionState = FIRST_STATE;
  #server: Duplex | undefined;
  #relay: Relay | undefined;

  constructor(viewer: Viewer, parts: SessionParts) {
    this.#viewer = viewer;
    this.#parts = parts;
    this.#log = parts.log.child({ sessionId: this.id });
    this.#ledger = new SessionLedger(this.id, viewer, parts, this.#log);
  }

  /** The session as others may see it; null until it has opened. */
  get record(): SessionRecord | null {
    return this.#ledger.describe(this.#bytes);
  }

  /** Runs until both sides are closed. Never rejects. */
  async run(): Promise<void> {
    try {
      const threshold = await approach(this.#viewer, this.#parts, this.#abort.signal);
      await this.#admit(threshold);
    } catch (error) {
      const cause = nameEnd(error);
      if (cause === "INTERNAL") this.#log.error({ event: "session.fault", err: error }, "a session failed");
      this.#apply({ type: "ended", cause });
    }
    await this.#close();
  }

  /** Ends it now, whatever it is doing. The first cause wins. */
  end(code: RefusalCode): void {
    this.#apply({ type: "ended", cause: code });
    this.#abort.abort(new Refusal(code));
    if (this.#relay) this.#cut(code);
  }

  async #admit(threshold: Threshold): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#abort;
    let identity: Identity;
    try {
      identity = await threshold.identify();
      this.#apply({ type: "identified" });
      this.#viewer.admitted();
      this.#server = await this.#pair(identity);
      this.#apply({ type: "paired" });
      await this.#ledger.open(identity);
    } catch (error) {
      await this.#refuse(threshold, error);
      return;
    }
    const server = this.#server;
    const init = await converse(this.#viewer, LIMITS.rfbHandshakeMs, clock, signal, async (peer) => {
      await threshold.accept(peer);
      await readClientInit(peer);
      return enterDesktop(server, identity.desktop.name, clock, signal);
    });
    this.#viewer.stream.write(init);
    this.#apply({ type: "started" });
    this.#relay = startRelay({ viewer: this.#viewer.stream, server }, identity.role === "control", clock);
    if (signal.aborted) this.#cut("SERVER_STOPPING");
    this.#apply({ type: "ended", cause: await this.#relay.ended });
  }

  async #pair({ desktop }: Identity): Promise<Duplex> {
    const watch = abortWhenGone(this.#viewer.stream, this.#abort.signal);
    try {
      const server = await this.#parts.pairing.open(desktop, watch.signal);
      server.on("error", () => undefined);
      return server;
    } finally {
      watch.stop();
    }
  }

  async #refuse(threshold: Threshold, error: unknown): Promise<void> {
    const cause = nameEnd(error);
    this.#apply({ type: "ended", cause });
    if (cause === "VIEWER_LEFT" || cause === "VIEWER_LOST") return;
    const refusal = toRefusal(error);
    if (refusal.cause !== undefined) {
      this.#log.error({ event: "session.fault", code: refusal.code, err: refusal.cause }, "a session failed");
    }
    this.#ledger.refuse(refusal.refusal);
    await converse(this.#viewer, LIMITS.lingerMs, this.#parts.clock, new AbortController().signal, (peer) =>
      threshold.refuse(peer, refusal.safeMessage),
    ).catch(() => undefined);
    this.#viewer.finish(refusal.closeCode, refusal.safeMessage);
  }

  async #close(): Promise<void> {
    if (this.#state.phase !== "closed") this.#apply({ type: "ended", cause: "INTERNAL" });
    const cause: EndCause = this.#state.phase === "closed" ? this.#state.cause : "INTERNAL";
    this.#viewer.finish(chooseCloseCode(cause), "");
    if (this.#server) finishStream(this.#server, this.#parts.clock);
    await this.#ledger.close(cause, this.#bytes);
  }

  #cut(code: RefusalCode): void {
    const refusal = new Refusal(code);
    this.#viewer.finish(refusal.closeCode, refusal.safeMessage);
    if (this.#server) finishStream(this.#server, this.#parts.clock);
  }

  get #bytes(): { readonly bytesToViewer: number; readonly bytesToServer: number } {
    const { bytesToViewer = 0, bytesToServer = 0 } = this.#relay ?? {};
    return { bytesToViewer, bytesToServer };
  }

  #apply(event: SessionEvent): void {
    this.#state = transition(this.#state, event);
  }
}
