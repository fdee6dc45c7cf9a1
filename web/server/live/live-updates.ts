import type { Logger } from "pino";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { Orchestrator } from "../../../orchestrator/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import type { LiveEvent } from "../../api/schemas.ts";
import type { Caller } from "../guard/caller.ts";
import { hasPower } from "../guard/powers.ts";
import { desktopAccess, machineAccess, ownsMachine, viewerOf, type Viewer } from "../view/permissions.ts";
import { serializeDesktop, serializeMachine } from "../view/serializers.ts";
import type { LoadReadModel, ReadModel } from "../view/read-model.ts";

/** At most four events a second for each object. */
const WINDOW_MS = 250;
/** Objects that are sent in one window; the others follow in the next. */
const MAX_CHANGES = 200;

export interface LiveSubscriber {
  readonly caller: Caller;
  send(event: LiveEvent): void;
}

interface Changed {
  readonly machineIds: readonly string[];
  readonly desktopIds: readonly string[];
}

export interface LiveUpdatesContext {
  readonly proxy: Proxy;
  readonly events: Orchestrator["events"];
  readonly loadReadModel: LoadReadModel;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Sends changes to the open pages: whole objects, collected over a short window, to those who may see them. */
export class LiveUpdates {
  readonly #options: LiveUpdatesContext;
  readonly #subscribers = new Set<LiveSubscriber>();
  readonly #unsubscribe: (() => void)[];
  readonly #machines = new Set<string>();
  readonly #desktops = new Set<string>();
  #images = false;
  #flushing = false;
  #lastFlush = -Infinity;
  #cancelTimer: (() => void) | null = null;
  #closed = false;

  constructor(options: LiveUpdatesContext) {
    this.#options = options;
    const { proxy, events } = options;
    this.#unsubscribe = [
      proxy.on("desktop.changed", ({ desktopId }) => {
        this.#onDesktopChanged(desktopId);
      }),
      proxy.on("session.changed", ({ desktopId }) => {
        this.#onDesktopChanged(desktopId);
      }),
      events.on("desktop.changed", ({ id }) => {
        this.#onDesktopChanged(id);
      }),
      events.on("machine.changed", ({ id }) => {
        this.#machines.add(id);
        this.#schedule();
      }),
      events.on("machine.deleted", ({ id, ownerId }) => {
        this.#onMachineDeleted(id, ownerId);
      }),
      events.on("images.changed", () => {
        this.#images = true;
        this.#schedule();
      }),
    ];
  }

  /** Sends events to `subscriber` until the returned function is called. */
  subscribe(subscriber: LiveSubscriber): () => void {
    this.#subscribers.add(subscriber);
    subscriber.send({ type: "hello" });
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#subscribers.clear();
  }

  #onDesktopChanged(id: string): void {
    this.#desktops.add(id);
    this.#schedule();
  }

  #onMachineDeleted(id: string, ownerId: string): void {
    this.#machines.delete(id);
    for (const subscriber of this.#subscribers)
      if (ownsMachine(subscriber.caller, { ownerId }) || hasPower(subscriber.caller, "oversee"))
        subscriber.send({ type: "gone", kind: "machine", id });
      else void this.#sendGoneToOther(subscriber, id);
  }

  /** Who has grants may have seen it. What the grants were about it is gone with it, and a random id reveals nothing. */
  async #sendGoneToOther(subscriber: LiveSubscriber, id: string): Promise<void> {
    const rights = await this.#options.proxy.rights.of(subscriber.caller.userId).catch(() => null);
    if (rights !== null && !rights.isEmpty) subscriber.send({ type: "gone", kind: "machine", id });
  }

  #schedule(): void {
    if (this.#closed || this.#flushing || this.#cancelTimer !== null) return;
    const { clock } = this.#options;
    const wait = Math.max(0, this.#lastFlush + WINDOW_MS - clock.monotonic());
    this.#cancelTimer = clock.after(wait, () => {
      this.#cancelTimer = null;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    this.#lastFlush = this.#options.clock.monotonic();
    const hasReaders = this.#subscribers.size > 0;
    // Without subscribers nothing is kept: a new one fetches the lists.
    const machineIds = takeSome(this.#machines, hasReaders ? MAX_CHANGES : 0);
    const desktopIds = takeSome(this.#desktops, hasReaders ? MAX_CHANGES : 0);
    const images = this.#images;
    this.#images = false;
    try {
      if (hasReaders && images) this.#sendAll({ type: "images" });
      if (machineIds.length + desktopIds.length > 0) {
        const scope = { kind: "named", machineIds, desktopIds } as const;
        const model = await this.#options.loadReadModel(scope);
        this.#send(await this.#readViewers(), { machineIds, desktopIds }, model);
      }
    } catch (error) {
      if (!this.#closed)
        this.#options.log.warn(
          { event: "live.failed", reason: describeError(error) },
          "pages were not updated",
        );
    } finally {
      this.#flushing = false;
    }
    if (this.#machines.size + this.#desktops.size > 0 || this.#images) this.#schedule();
  }

  #sendAll(event: LiveEvent): void {
    for (const subscriber of this.#subscribers) subscriber.send(event);
  }

  /** Each person once, however many pages they have open. */
  async #readViewers(): Promise<ReadonlyMap<LiveSubscriber, Viewer>> {
    const { rights } = this.#options.proxy;
    const people = new Map<string, Promise<Viewer>>();
    const viewers = [...this.#subscribers].map(async (subscriber) => {
      const { userId, role } = subscriber.caller;
      const key = `${role} ${userId}`;
      const viewer = people.get(key) ?? viewerOf(rights, { userId, role });
      people.set(key, viewer);
      return [subscriber, await viewer] as const;
    });
    return new Map(await Promise.all(viewers));
  }

  #send(viewers: ReadonlyMap<LiveSubscriber, Viewer>, changed: Changed, model: ReadModel): void {
    const machines = new Set(changed.machineIds);
    for (const id of changed.desktopIds) {
      this.#sendDesktop(id, viewers, model);
      const machineId = model.desktops.get(id)?.machineId;
      if (machineId !== undefined && machineId !== null) machines.add(machineId);
    }
    for (const id of machines) {
      const record = model.machines.get(id);
      if (record === undefined) continue;
      for (const [subscriber, viewer] of viewers) {
        const access = machineAccess(viewer, record, model);
        if (access === null) continue;
        subscriber.send({ type: "machine", machine: serializeMachine({ ...viewer, access }, record, model) });
      }
    }
  }

  #sendDesktop(id: string, viewers: ReadonlyMap<LiveSubscriber, Viewer>, model: ReadModel): void {
    const desktop = model.desktops.get(id);
    if (desktop === undefined) {
      // Its owner is no longer known; a random id reveals nothing to other people.
      this.#sendAll({ type: "gone", kind: "desktop", id });
      return;
    }
    for (const [subscriber, viewer] of viewers) {
      const access = desktopAccess(viewer, desktop, model);
      if (access === null) continue;
      subscriber.send({ type: "desktop", desktop: serializeDesktop({ ...viewer, access }, desktop, model) });
    }
  }
}

/** The `count` oldest, which are taken out; 0: none, and all are dropped. */
function takeSome(ids: Set<string>, count: number): string[] {
  const some: string[] = [];
  if (count === 0) ids.clear();
  for (const id of ids) {
    if (some.length === count) break;
    some.push(id);
    ids.delete(id);
  }
  return some;
}
