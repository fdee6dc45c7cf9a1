import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { describeError, type Clock, type DiskCopy, type DiskRef } from "../../../protocol/index.ts";
import type { ConnectedAgent, Proxy } from "../../../proxy/index.ts";
import { refuse } from "../errors.ts";
import { conductJourney } from "./conduct.ts";
import { planJourneys, type Itinerary } from "./plan-journeys.ts";

/** How often journeys are looked for that nobody conducts, in milliseconds. */
const LOOK_MS = 30_000;

export interface KnownDisk {
  readonly host: ConnectedAgent;
  readonly copy: DiskCopy;
}

/** People's data disks on the hosts that are connected here, and their journeys. */
export class DiskRoom {
  readonly #proxy: Proxy;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #conducted = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(proxy: Proxy, clock: Clock, log: Logger) {
    this.#proxy = proxy;
    this.#clock = clock;
    this.#log = log;
    this.#lookLater();
  }

  /** A disk on its way counts once: at the end that is, or was last, the disk. Hosts that do not answer are left out. */
  async list(): Promise<KnownDisk[]> {
    const all = await this.#survey();
    return [...all.values()]
      .flat()
      .filter(({ copy: { state } }) => state !== "arriving" && state !== "arrived");
  }

  /** @throws RequestError `DISK_UNKNOWN`, and what its host refuses with */
  async remove(ref: DiskRef): Promise<void> {
    const { host } = await this.#find(ref);
    await this.#proxy.requestHost(host.id, "disk.remove", ref);
  }

  /**
   * Begins a journey to a host, named by id or name; it goes on in the background, and after a restart of anybody.
   * @throws RequestError `DISK_UNKNOWN`, `DISK_HOST`, and what its host refuses with
   */
  async move(ref: DiskRef, goalHost: string): Promise<void> {
    const { host } = await this.#find(ref);
    const hosts = this.#hosts();
    const goal = hosts.find(({ id }) => id === goalHost) ?? hosts.find(({ name }) => name === goalHost);
    if (goal === undefined || goal.id === host.id) throw refuse("DISK_HOST");
    const plan = { ...ref, journey: randomUUID(), from: host.id, to: goal.id };
    await this.#proxy.requestHost(host.id, "disk.export", {
      ...ref,
      journey: plan.journey,
      partner: goal.id,
    });
    void this.#conduct(plan);
  }

  close(): void {
    this.#cancel?.();
    this.#closing.abort();
  }

  #hosts(): ConnectedAgent[] {
    return this.#proxy.connectedAgents().filter(({ kind }) => kind === "host");
  }

  async #survey(): Promise<Map<string, KnownDisk[]>> {
    const answers = await Promise.all(
      this.#hosts().map(async (host) => {
        try {
          const copies = await this.#proxy.requestHost(host.id, "disk.list", {});
          return [[host.id, copies.map((copy) => ({ host, copy }))] as const];
        } catch {
          return [];
        }
      }),
    );
    return new Map(answers.flat());
  }

  async #find(ref: DiskRef): Promise<KnownDisk> {
    const found = (await this.list()).find(({ copy }) => copy.owner === ref.owner && copy.name === ref.name);
    if (found === undefined) throw refuse("DISK_UNKNOWN");
    return found;
  }

  #lookLater(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void this.#goOn().finally(() => {
        if (!this.#closing.signal.aborted) this.#lookLater();
      });
    });
  }

  /** What a crash left half-way. With fewer than two hosts nothing can travel. */
  async #goOn(): Promise<void> {
    if (this.#hosts().length < 2) return;
    const copies = [...(await this.#survey())].map(
      ([id, disks]) => [id, disks.map(({ copy }) => copy)] as const,
    );
    for (const plan of planJourneys(new Map(copies))) void this.#conduct(plan);
  }

  async #conduct(plan: Itinerary): Promise<void> {
    if (this.#conducted.has(plan.journey)) return;
    this.#conducted.add(plan.journey);
    const about = { journey: plan.journey, from: plan.from, to: plan.to };
    try {
      const ask: Proxy["requestHost"] = (host, method, params) =>
        this.#proxy.requestHost(host, method, params);
      await conductJourney(plan, ask, this.#clock, this.#closing.signal);
      this.#log.info({ event: "disk.moved", ...about }, "a data disk came to another host");
    } catch (error) {
      if (!this.#closing.signal.aborted)
        this.#log.warn(
          { event: "disk.waits", ...about, why: describeError(error) },
          "a data disk's journey waits",
        );
    } finally {
      this.#conducted.delete(plan.journey);
    }
  }
}
