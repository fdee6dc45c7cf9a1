import type { Logger } from "pino";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import type { LiveEvent } from "../../api/schemas.ts";
import type { Caller } from "../guard/caller.ts";
import { maySeeDesktop, maySeeMachine, shapeDesktop, shapeMachine } from "../view/shapes.ts";
import type { Snapshot } from "../view/snapshot.ts";

/** At most four events a second for each object. */
const WINDOW_MS = 250;

export interface Watcher {
  readonly caller: Caller;
  send(event: LiveEvent): void;
}

export interface LiveOptions {
  readonly proxy: Proxy;
  readonly takeSnapshot: () => Promise<Snapshot>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tells the open pages what changed: whole objects, gathered over a short window, to those who may see them. */
export class Live {
  readonly #options: LiveOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #unsubscribe: (() => void)[];
  readonly #machines = new Set<string>();
  readonly #desktops = new Set<string>();
  #images = false;
  #flushing = false;
  #lastFlush = -Infinity;
  #cancelTimer: (() => void) | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { proxy } = options;
    this.#unsubscribe = [
      proxy.on("desktop.changed", ({ desktopId }) => {
        this.desktopChanged(desktopId);
      }),
      proxy.on("session.changed", ({ desktopId }) => {
        this.desktopChanged(desktopId);
      }),
    ];
  }

  /** Starts to tell `watcher`; the returned function ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    watcher.send({ type: "hello" });
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  machineChanged(id: string): void {
    this.#machines.add(id);
    this.#schedule();
  }

  desktopChanged(id: string): void {
    this.#desktops.add(id);
    this.#schedule();
  }

  imagesChanged(): void {
    this.#images = true;
    this.#schedule();
  }

  machineGone(id: string, ownerId: string): void {
    this.#machines.delete(id);
    for (const watcher of this.#watchers)
      if (maySeeMachine(watcher.caller, { ownerId })) watcher.send({ type: "gone", kind: "machine", id });
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#watchers.clear();
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
    const machines = [...this.#machines];
    const desktops = [...this.#desktops];
    const images = this.#images;
    this.#machines.clear();
    this.#desktops.clear();
    this.#images = false;
    try {
      if (this.#watchers.size > 0) {
        if (images) this.#tellAll({ type: "images" });
        this.#tell(machines, desktops, await this.#options.takeSnapshot());
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

  #tellAll(event: LiveEvent): void {
    for (const watcher of this.#watchers) watcher.send(event);
  }

  #tell(machineIds: readonly string[], desktopIds: readonly string[], snapshot: Snapshot): void {
    const machines = new Set(machineIds);
    for (const id of desktopIds) {
      this.#tellDesktop(id, snapshot);
      const machineId = snapshot.desktops.get(id)?.machineId;
      if (machineId !== undefined && machineId !== null) machines.add(machineId);
    }
    for (const id of machines) {
      const record = snapshot.machines.get(id);
      if (record === undefined) continue;
      for (const watcher of this.#watchers)
        if (maySeeMachine(watcher.caller, record))
          watcher.send({ type: "machine", machine: shapeMachine(watcher.caller, record, snapshot) });
    }
  }

  #tellDesktop(id: string, snapshot: Snapshot): void {
    const desktop = snapshot.desktops.get(id);
    if (desktop === undefined) {
      // Whose it was is not known any more; a random id says nothing to those who never saw it.
      this.#tellAll({ type: "gone", kind: "desktop", id });
      return;
    }
    for (const watcher of this.#watchers)
      if (maySeeDesktop(watcher.caller, desktop, snapshot))
        watcher.send({ type: "desktop", desktop: shapeDesktop(watcher.caller, desktop, snapshot) });
  }
}
