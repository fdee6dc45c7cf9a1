import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { isPosternError, PeerClosed, readClientInit, type PixelFormat } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { networkKey } from "../model/connection-source.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { PeerLog } from "../model/peer-log.ts";
import type { ProxyEventEmitter } from "../model/proxy-types.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import { finishStream } from "../listen/finish-stream.ts";
import type { Pairing } from "../pair/pairing.ts";
import {
  INITIAL_SESSION_STATE,
  transitionSession,
  type SessionEvent,
  type SessionState,
} from "./session-state.ts";
import { identifyPerson, findNamedGrant } from "../identify/begin-sign-in.ts";
import type { SignedInPerson, StartedSignIn } from "../identify/people-sign-in.ts";
import type { PaintSlices } from "../prompt/paint-slices.ts";
import type { PromptLimit } from "../prompt/prompt-limit.ts";
import { runSignInPrompt } from "../prompt/sign-in-prompt.ts";
import {
  queryStateForViewer,
  ViewerRefusal,
  toViewerRefusal,
  type RefusalCode,
} from "../model/viewer-refusal.ts";
import type { DesktopView, SessionRecord } from "../state/state-records.ts";
import { abortOnDisconnect } from "../listen/abort-on-disconnect.ts";
import { chooseCloseCode, DesktopFailure, toEndCause, type EndCause } from "./end-cause.ts";
import { runHandshake } from "../authenticate/run-handshake.ts";
import { performDesktopHandshake } from "./desktop-handshake.ts";
import { ByteCounter } from "./byte-counter.ts";
import { startRelay, type Relay } from "./relay.ts";
import { SessionLiveness } from "./session-liveness.ts";
import { createStreamStages } from "./stream-stages.ts";
import { SessionLog } from "./session-log.ts";
import type { WatchedSession } from "./session-watch.ts";
import { authenticateViewer } from "../authenticate/authenticate-viewer.ts";
import type { ViewerAuthenticator, AuthenticatorDependencies } from "../authenticate/viewer-security.ts";

export interface ViewerSessionDependencies extends AuthenticatorDependencies {
  readonly serverId: string;
  readonly pairing: Pairing;
  readonly prompts: PromptLimit;
  /** For those who have not shown a password yet. */
  readonly strangerPrompts: PromptLimit;
  /** For those who have signed in and have no desktop yet. */
  readonly choosers: PromptLimit;
  readonly slices: PaintSlices;
  readonly audit: AuditLog;
  readonly events: ProxyEventEmitter;
  readonly peerLog: PeerLog;
  readonly log: Logger;
}

/** A desktop at ClientInit, and who sees it. */
interface PairedDesktop {
  readonly identity: ViewerIdentity;
  readonly server: Duplex;
}

/** Ends of a handshake that show what a viewer could not do. */
const UNABLE_CODES: ReadonlySet<string> = new Set([
  "RFB_SECURITY_TYPE",
  "RFB_VENCRYPT_SUB_TYPE",
  "RFB_VENCRYPT_VERSION",
  "VIEWER_OFFER_LEFT",
  "VIEWER_TLS_ENDED",
]);

/** One viewer, from its first byte to its last. */
export class ViewerSession {
  readonly id = randomUUID();
  readonly #viewer: AcceptedViewer;
  readonly #dependencies: ViewerSessionDependencies;
  readonly #log: Logger;
  readonly #sessionLog: SessionLog;
  readonly #abort = new AbortController();
  #state: SessionState = INITIAL_SESSION_STATE;
  #server: Duplex | undefined;
  #relay: Relay | undefined;
  #liveness: SessionLiveness | undefined;
  /** Gives back the place of the sign-in screen. */
  #leavePrompt: () => void = () => undefined;
  /** Whose login is this session's. */
  #person: SignedInPerson | undefined;
  readonly #byteCounter = new ByteCounter();

  constructor(viewer: AcceptedViewer, dependencies: ViewerSessionDependencies) {
    this.#viewer = viewer;
    this.#dependencies = dependencies;
    this.#log = dependencies.log.child({ sessionId: this.id });
    this.#sessionLog = new SessionLog(this.id, viewer, dependencies, this.#log);
  }

  /** The session as others may see it; null until it has opened. */
  get record(): SessionRecord | null {
    return this.#sessionLog.describe(this.#byteCounter.current);
  }

  /** What the watch over open sessions sees; null until it has opened. */
  get watched(): WatchedSession | null {
    const { identity } = this.#sessionLog;
    return identity && { id: this.id, identity, end: (cause) => this.end(cause) };
  }

  /** Runs until both sides are closed. Never rejects. */
  async run(): Promise<void> {
    try {
      const authenticator = await authenticateViewer(this.#viewer, this.#dependencies, this.#abort.signal);
      await this.#identify(authenticator);
    } catch (error) {
      const cause = toEndCause(error);
      if (cause === "INTERNAL") this.#log.error({ event: "session.fault", err: error }, "a session failed");
      else this.#noteUnable(error);
      this.#apply({ type: "ended", cause });
    }
    await this.#close();
  }

  /** Ends it now, in any state. The first cause wins. */
  end(code: RefusalCode): void {
    this.#apply({ type: "ended", cause: code });
    this.#abort.abort(new ViewerRefusal(code));
    if (this.#relay) this.#disconnect(code);
  }

  #noteUnable(error: unknown): void {
    if (!isPosternError(error)) return;
    if (UNABLE_CODES.has(error.code)) this.#sessionLog.noteUnable(error);
    // Its frequency shows whether the silence that identifies a viewer is long enough.
    if (error.code !== "RFB_TLS_TOO_LATE") return;
    const late = { event: "viewer.tls-too-late", source: this.#viewer.source, sessionId: this.id };
    this.#dependencies.peerLog.warn(late, "TLS began after the greeting of plain RFB");
  }

  async #identify(authenticator: ViewerAuthenticator): Promise<void> {
    const { clock } = this.#dependencies;
    let opened: PairedDesktop | null = null;
    let signIn: StartedSignIn | null = null;
    try {
      const arrived = await authenticator.identify();
      const isKnown = "desktop" in arrived;
      if (!isKnown) signIn = arrived;
      const identity = isKnown ? arrived : await this.#findNamed(arrived);
      if (identity !== null) opened = await this.#openDirectly(identity);
      else if (signIn !== null) this.#leavePrompt = this.#takePrompt(signIn);
    } catch (error) {
      await this.#refuse(authenticator, error);
      return;
    }
    try {
      const { signal } = this.#abort;
      await runHandshake(this.#viewer, PROXY_LIMITS.rfbHandshakeMs, clock, signal, async (peer) => {
        await authenticator.accept(peer);
        await readClientInit(peer);
      });
      if (opened !== null) await this.#show(opened);
      else if (signIn !== null) await this.#prompt(signIn);
    } finally {
      this.#leavePrompt();
    }
  }

  #takePrompt({ name }: StartedSignIn): () => void {
    const { prompts, strangerPrompts } = this.#dependencies;
    return (name === null ? strangerPrompts : prompts).take(networkKey(this.#viewer.source.address));
  }

  /** Who is known takes no stranger's place while choosing. @throws ViewerRefusal `SERVER_BUSY` */
  #moveToChoosers({ userId }: SignedInPerson): void {
    this.#leavePrompt();
    this.#leavePrompt = this.#dependencies.choosers.take(userId);
  }

  async #openDirectly(identity: ViewerIdentity): Promise<PairedDesktop> {
    this.#noteIdentified();
    const server = await this.#whileViewerStays((signal) => this.#pair(identity.desktop, signal));
    await this.#sessionLog.open(identity);
    return { identity, server };
  }

  async #show({ identity, server }: PairedDesktop): Promise<void> {
    const { clock } = this.#dependencies;
    const { init, pixelFormat } = await this.#whileViewerStays((signal) =>
      performDesktopHandshake(server, identity.desktop.name, clock, signal),
    );
    this.#viewer.stream.write(init);
    await this.#runRelay({ identity, server }, pixelFormat);
  }

  /** The desktop that a person named who has signed in already; null: the sign-in screen is needed. */
  async #findNamed({ reply, desktopIds }: StartedSignIn): Promise<ViewerIdentity | null> {
    if (reply.kind !== "person") return null;
    const { person } = reply;
    this.#person = person;
    this.#viewer.authenticated();
    const grant = await queryStateForViewer(findNamedGrant(person, desktopIds));
    return grant && identifyPerson(person, grant, this.#dependencies.clock);
  }

  /** What is not known yet is asked on the screen; then the same stream is the desktop's. */
  async #prompt(signIn: StartedSignIn): Promise<void> {
    const { clock, slices } = this.#dependencies;
    const { opened, replay } = await runSignInPrompt({
      ...{ signIn, clock, slices },
      stream: this.#viewer.stream,
      signal: this.#abort.signal,
      onPerson: (person) => {
        this.#person = person;
        this.#viewer.authenticated();
        this.#moveToChoosers(person);
      },
      onRefused: (code) => {
        this.#sessionLog.refuse(code);
      },
      handOver: async (grant, person) => {
        await this.#sessionLog.handOver(identifyPerson(person, grant, clock));
        // The login goes on without this session.
        this.#person = undefined;
        const handed = { person, desktopId: grant.desktop.id };
        return this.#dependencies.handOvers.issue(handed, this.#viewer.source);
      },
      open: async (grant, person, { signal, onAsked }) => {
        const identity = identifyPerson(person, grant, clock);
        this.#noteIdentified();
        const either = AbortSignal.any([this.#abort.signal, signal]);
        const server = await this.#pair(grant.desktop, either, onAsked);
        try {
          await this.#sessionLog.open(identity);
        } catch (error) {
          throw new DesktopFailure(toEndCause(error), error);
        }
        const handshake = await performDesktopHandshake(server, grant.desktop.name, clock, either);
        return { ...handshake, identity, server };
      },
    });
    const { stream } = this.#viewer;
    if (stream.readableEnded) throw new PeerClosed("PEER_CLOSED", "the viewer left");
    stream.unshift(replay);
    await this.#runRelay(opened, opened.pixelFormat);
  }

  async #runRelay({ identity, server }: PairedDesktop, pixelFormat: PixelFormat): Promise<void> {
    const { clock } = this.#dependencies;
    this.#apply({ type: "started" });
    const liveness = new SessionLiveness({
      pings: this.#viewer.pings,
      findPulse: () => this.#dependencies.pairing.findPulse(identity.desktop),
      traffic: () => this.#byteCounter.current,
      onInputLost: () => {
        this.end("HOST_TIMEOUT");
      },
      countRetransmissions: () => this.#viewer.countRetransmissions(),
      onViewerLost: () => {
        this.#viewer.stream.destroy();
      },
      clock,
    });
    this.#liveness = liveness;
    const session = {
      id: this.id,
      identity,
      pixelFormat,
      holdsInput: () => liveness.holdsInput,
      noteInput: () => {
        liveness.noteInput();
      },
      byteCounter: this.#byteCounter,
      log: this.#log,
    };
    const stages = createStreamStages(session);
    this.#relay = startRelay({ viewer: this.#viewer.stream, server }, stages, clock);
    const reason: unknown = this.#abort.signal.reason;
    if (reason instanceof ViewerRefusal) this.#disconnect(reason.refusalCode);
    this.#apply({ type: "ended", cause: await this.#relay.ended });
  }

  /** A person may try one desktop after another. */
  #noteIdentified(): void {
    if (this.#state.phase === "accepted") this.#apply({ type: "identified" });
    this.#viewer.authenticated();
  }

  async #pair(
    desktop: DesktopView,
    signal: AbortSignal,
    onAsked: (forMs: number) => void = () => undefined,
  ): Promise<Duplex> {
    const server = await this.#dependencies.pairing.open(desktop, signal, onAsked);
    server.on("error", () => undefined);
    this.#server = server;
    this.#apply({ type: "paired" });
    return server;
  }

  async #whileViewerStays<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const watch = abortOnDisconnect(this.#viewer.stream, this.#abort.signal);
    try {
      return await wait(watch.signal);
    } finally {
      watch.stop();
    }
  }

  async #refuse(authenticator: ViewerAuthenticator, error: unknown): Promise<void> {
    const cause = toEndCause(error);
    this.#apply({ type: "ended", cause });
    if (cause === "VIEWER_LEFT" || cause === "VIEWER_LOST") return;
    const refusal = toViewerRefusal(error);
    if (refusal.cause !== undefined) {
      this.#log.error({ event: "session.fault", code: refusal.code, err: refusal.cause }, "a session failed");
    }
    this.#sessionLog.refuse(refusal.refusalCode);
    await runHandshake(
      this.#viewer,
      PROXY_LIMITS.lingerMs,
      this.#dependencies.clock,
      new AbortController().signal,
      (peer) => authenticator.refuse(peer, refusal.safeMessage),
    ).catch(() => undefined);
    this.#viewer.finish(refusal.closeCode, refusal.safeMessage);
  }

  async #close(): Promise<void> {
    this.#liveness?.stop();
    if (this.#state.phase !== "closed") this.#apply({ type: "ended", cause: "INTERNAL" });
    const cause: EndCause = this.#state.phase === "closed" ? this.#state.cause : "INTERNAL";
    this.#viewer.finish(chooseCloseCode(cause), "");
    if (this.#server) finishStream(this.#server, this.#dependencies.clock);
    await this.#sessionLog.close(cause, this.#byteCounter.current);
    await this.#person?.leave();
  }

  #disconnect(code: RefusalCode): void {
    const refusal = new ViewerRefusal(code);
    this.#relay?.stop();
    this.#viewer.finish(refusal.closeCode, refusal.safeMessage);
    if (this.#server) finishStream(this.#server, this.#dependencies.clock);
  }

  #apply(event: SessionEvent): void {
    this.#state = transitionSession(this.#state, event);
  }
}
