import type { Logger } from "pino";
import {
  ConfigError,
  encodeJsonFrame,
  FrameType,
  receivedDesktopName,
  RequestError,
  type Clock,
  type Reply,
  backoffDelay,
} from "../../protocol/index.ts";
import { RECONNECT_BACKOFF } from "../agent-limits.ts";
import type { PublishedDesktop } from "../agent.ts";

export interface PublicationsOptions {
  readonly desktops: readonly PublishedDesktop[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Temporary errors on the server's side. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set(["INTERNAL", "STATE_UNAVAILABLE"]);

type Send = (frame: Buffer) => void;

/** The published desktops, and which of them the server has acknowledged. */
export class Publications {
  /** Settles when every desktop of the options is acknowledged; rejects when one is refused permanently. */
  readonly firstPublished: Promise<void>;
  readonly #desktops = new Map<string, PublishedDesktop>();
  readonly #awaited: Set<string>;
  readonly #options: PublicationsOptions;
  #send: Send | null = null;
  #pending = new Map<number, string>();
  #retries = new Map<string, { failures: number; cancel: () => void }>();
  #nextId = 1;
  #settleFirst!: () => void;
  #rejectFirst!: (error: Error) => void;

  /** @throws ConfigError `DESKTOP_NAME` */
  constructor(options: PublicationsOptions) {
    this.#options = options;
    for (const desktop of options.desktops) {
      if (this.#desktops.has(desktop.name)) throw nameError(`Two desktops are called "${desktop.name}".`);
      this.#desktops.set(checkName(desktop).name, desktop);
    }
    this.#awaited = new Set(this.#desktops.keys());
    this.firstPublished = new Promise((resolve, reject) => {
      this.#settleFirst = resolve;
      this.#rejectFirst = reject;
    });
    this.firstPublished.catch(() => undefined);
  }

  find(name: string): PublishedDesktop | undefined {
    return this.#desktops.get(name);
  }

  /** A connection is ready: publishes everything again. */
  attach(send: Send): void {
    this.detach();
    this.#send = send;
    if (this.#awaited.size === 0) this.#settleFirst();
    for (const desktop of this.#desktops.values()) this.#sendPublish(desktop);
  }

  detach(): void {
    this.#send = null;
    this.#pending = new Map();
    for (const { cancel } of this.#retries.values()) cancel();
    this.#retries = new Map();
  }

  /** Adds a desktop, or replaces the one of the same name. @throws ConfigError `DESKTOP_NAME` */
  publish(desktop: PublishedDesktop): void {
    this.#desktops.set(checkName(desktop).name, desktop);
    this.#sendPublish(desktop);
  }

  withdraw(name: string): void {
    if (!this.#desktops.delete(name)) return;
    this.#forgetRetry(name);
    this.#send?.(encodeJsonFrame(FrameType.withdraw, { name }));
    this.#acknowledge(name);
  }

  withdrawAll(): void {
    for (const name of this.#desktops.keys()) this.#send?.(encodeJsonFrame(FrameType.withdraw, { name }));
    this.#desktops.clear();
    this.detach();
  }

  onReply(reply: Reply): void {
    const name = this.#pending.get(reply.id);
    if (name === undefined) return;
    this.#pending.delete(reply.id);
    if (!this.#desktops.has(name)) return;
    if (reply.ok) {
      this.#forgetRetry(name);
      this.#options.log.info({ event: "desktop.published", desktop: name }, "desktop published");
      this.#acknowledge(name);
    } else {
      this.#refused(name, reply.error);
    }
  }

  #refused(name: string, error: { code: string; message: string }): void {
    const { log, clock, random } = this.#options;
    log.error(
      { event: "desktop.refused", desktop: name, code: error.code, reason: error.message },
      "the server did not publish a desktop",
    );
    if (!TRANSIENT_CODES.has(error.code)) {
      const sentence = `The server did not publish the desktop "${name}" (${error.code}).`;
      this.#rejectFirst(
        new RequestError(error.code, `${sentence} ${error.message}`, { safeMessage: sentence }),
      );
      return;
    }
    const failures = (this.#retries.get(name)?.failures ?? 0) + 1;
    const cancel = clock.after(
      backoffDelay(RECONNECT_BACKOFF.slow, { failures, random: random(), jitter: "full" }),
      () => {
        const desktop = this.#desktops.get(name);
        if (desktop) this.#sendPublish(desktop);
      },
    );
    this.#retries.set(name, { failures, cancel });
  }

  #sendPublish(desktop: PublishedDesktop): void {
    if (!this.#send) return;
    const id = this.#nextId++;
    this.#pending.set(id, desktop.name);
    const { name, machineId } = desktop;
    this.#send(
      encodeJsonFrame(FrameType.publish, { id, name, ...(machineId === undefined ? {} : { machineId }) }),
    );
  }

  #acknowledge(name: string): void {
    this.#awaited.delete(name);
    if (this.#awaited.size === 0 && this.#send) this.#settleFirst();
  }

  #forgetRetry(name: string): void {
    this.#retries.get(name)?.cancel();
    this.#retries.delete(name);
  }
}

function checkName(desktop: PublishedDesktop): PublishedDesktop {
  // A machine of an earlier release may have a name that the server does not take now: its host continues without its screen.
  if (!receivedDesktopName.safeParse(desktop.name).success)
    throw nameError("A desktop's name has 1 to 64 characters, without slashes and control characters.");
  return desktop;
}

function nameError(message: string): ConfigError {
  return ConfigError.public("DESKTOP_NAME", message);
}
