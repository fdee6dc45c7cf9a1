import type { Logger } from "pino";
import { describeError, isPosternError, type Clock } from "../../../protocol/index.ts";
import type { MachineChange, MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { DiskRoom } from "../disks/index.ts";
import type { ImageJourneys } from "../images/index.ts";
import { describeOrder } from "./describe-order.ts";
import { describeRefusal } from "./hosts/describe-refusal.ts";
import { explainWaiting, type Verdict } from "./hosts/explain-waiting.ts";
import { describeTravel } from "./hosts/find-disk.ts";
import type { HostFactsBook } from "./hosts/host-facts.ts";
import type { Hosts } from "./hosts/hosts.ts";
import { judgeHost, orderHosts, type Candidate, type NeededDisk } from "./hosts/judge-host.ts";
import type { Refusals } from "./hosts/refusals.ts";
import type { ImageWaits } from "./image-waits.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Turns } from "./turns.ts";
import { isFetching, isWaiting } from "./waiting.ts";

/** Codes of an image's journey after which another one may end well. */
const PASSING = new Set(["IMAGE_CHANGED", "IMAGE_JOURNEY", "IMAGE_STUCK", "HOST_IMAGES_FULL", "HOST_DISK"]);
/** A server that died with a machine in its hands keeps the others from it for so long. */
const CLAIM_MS = 60_000;

export interface PlacementOptions {
  readonly proxy: Proxy;
  readonly hosts: Hosts;
  readonly facts: HostFactsBook;
  readonly journeys: ImageJourneys;
  readonly waits: ImageWaits;
  readonly disks: DiskRoom;
  /** Hosts to which no disk travels again for a machine. */
  readonly refusals: Refusals;
  readonly book: MachineBook;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Finds a host for each machine that waits for one. */
export class Placement {
  readonly #options: PlacementOptions;
  /** Machines that wait and were tried here already. */
  #known = new Set<string>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /** Tries every machine that waits; says whether some still do. */
  async placeAll(): Promise<boolean> {
    const { machines } = this.#options.proxy.stores;
    const waiting = (await machines.list()).filter(isWaiting);
    this.#known = new Set(waiting.map(({ id }) => id));
    for (const record of waiting.sort((a, b) => a.createdAt - b.createdAt)) await this.place(record.id);
    return (await machines.list()).some(isWaiting);
  }

  /** Tries those that were not tried here yet: another server queued them. */
  async placeNew(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      await this.place(id);
    }
  }

  /** Asks one host after the other to make the machine. It stays queued, with a reason, while none can be asked. */
  async place(id: string): Promise<void> {
    const { proxy, turns, clock } = this.#options;
    const { machines } = proxy.stores;
    await turns.run(id, async () => {
      const seen = await machines.find(id);
      if (seen === null || !isWaiting(seen) || (await this.#isForOthers())) return;
      const record = await machines.claim(id, proxy.serverId, clock.now() + CLAIM_MS);
      if (record === null) return;
      try {
        await this.#place(record);
      } finally {
        await machines.release(id, proxy.serverId);
      }
    });
  }

  /** No host is connected here, but one is to another server, which places what waits. */
  async #isForOthers(): Promise<boolean> {
    const { proxy } = this.#options;
    if (proxy.connectedAgents().some(({ kind }) => kind === "host")) return false;
    return (await proxy.stores.agents.list()).some(
      ({ kind, serverId }) => kind === "host" && serverId !== null && serverId !== proxy.serverId,
    );
  }

  async #place(record: MachineRecord): Promise<void> {
    const { proxy, hosts, clock } = this.#options;
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    const field = await hosts.survey(record, owner);
    const { dataDisk } = field.need;
    if (dataDisk !== null && dataDisk.wait !== null) {
      const { said, progress } = dataDisk.wait;
      if (said !== null) await this.#say(record, { state: "queued", ...said, progress, tried: field.down });
      return;
    }
    const verdicts: Verdict[] = [];
    const fitting: Candidate[] = [];
    for (const host of field.candidates) {
      const unfit = judgeHost(field.need, host);
      if (unfit === null) fitting.push(host);
      else verdicts.push({ host: host.name, asked: false, ...unfit });
    }
    for (const host of orderHosts(field.need, fitting)) {
      await proxy.stores.machines.claim(record.id, proxy.serverId, clock.now() + CLAIM_MS);
      if (isElsewhere(dataDisk, host)) {
        const refusal = await this.#send(dataDisk, host, record);
        if (refusal === null) {
          const tried = verdicts.map(({ host, why }) => ({ host, why }));
          const said = describeTravel(dataDisk.name, 0);
          await this.#say(record, { state: "queued", ...said, progress: 0, tried });
          return;
        }
        verdicts.push(refusal);
        continue;
      }
      const outcome = (await this.#bring(host, record)) ?? (await this.#ask(host, record, dataDisk, owner));
      if (outcome === "settled") return;
      verdicts.push(outcome);
    }
    const waited = this.#options.waits.end(record.id);
    // Another server has the image brought to a host of its own.
    if (isFetching(record) && !waited && field.elsewhere) return;
    const { state, reason, cause, tried } = explainWaiting(record.image, field, verdicts);
    // Another server's hosts may take what ours cannot.
    const waits = field.elsewhere ? "queued" : state;
    await this.#say(record, { state: waits, reason, cause, progress: null, tried });
  }

  /** Has the disk brought to a host that can take the machine; it is placed when the disk is there. */
  async #send(disk: NeededDisk & Lying, host: Candidate, record: MachineRecord): Promise<Verdict | null> {
    const { disks, refusals, log } = this.#options;
    const refused = refusals.find(record.id, host.id);
    if (refused !== null) return { host: host.name, asked: true, ...refused };
    const { owner, name, hostId } = disk;
    try {
      await disks.send({ owner, name }, hostId, host.id, { machineId: record.id });
      return null;
    } catch (error) {
      const about = { machineId: record.id, agentId: hostId, reason: describeError(error) };
      log.warn({ event: "disk.refused", ...about }, "a host did not let a data disk go");
      return { host: host.name, asked: true, ...describeRefusal(error) };
    }
  }

  async #say(record: MachineRecord, said: Said): Promise<void> {
    const change: MachineChange = { agentId: null, ...said };
    if (!isSaid(record, said)) await this.#options.book.change(record.id, change);
  }

  /** Has the server's image brought to a host. Null: it is there; `settled`: it is on its way, and the machine waits for it. */
  async #bring(host: Candidate, record: MachineRecord): Promise<Verdict | "settled" | null> {
    const { journeys, waits } = this.#options;
    if (host.fetch === undefined) return null;
    try {
      const progress = await journeys.bring(host.id, host.fetch.content);
      if (progress === null) return null;
      await waits.begin(record.id, host.id, record.image, progress);
      return "settled";
    } catch (error) {
      const refusal = describeRefusal(error);
      const passes = isPosternError(error) && PASSING.has(error.code);
      return { host: host.name, asked: true, ...refusal, never: refusal.never && !passes };
    }
  }

  /** The host is written down before it is asked: an answer that is lost is then found when it comes back. */
  async #ask(
    host: Candidate,
    record: MachineRecord,
    disk: NeededDisk | null,
    owner: string,
  ): Promise<Verdict | "settled"> {
    const { proxy, book, facts, refusals, log, waits } = this.#options;
    const about = { machineId: record.id, agentId: host.id };
    waits.end(record.id);
    const asked = isFetching(record) ? ({ state: "queued", progress: null } as const) : {};
    await proxy.stores.machines.update(record.id, { agentId: host.id, ...asked });
    try {
      const order = describeOrder(record, owner, disk !== null && disk.hostId !== null);
      const status = await proxy.requestHost(host.id, "machine.create", order);
      if (record.wish.dataDisk !== undefined)
        await proxy.stores.dataDisks.place(`${owner}/${record.wish.dataDisk.name}`, host.id);
      await book.keep(host.id, status);
      log.info({ event: "machine.placed", ...about }, "a host took a machine");
      return "settled";
    } catch (error) {
      log.warn(
        { event: "machine.refused", ...about, reason: describeError(error) },
        "a host did not take a machine",
      );
      await proxy.stores.machines.update(record.id, { agentId: null });
      const refusal = describeRefusal(error);
      if (refusal.never) refusals.keep(record.id, host.id, refusal);
      return { host: host.name, asked: true, ...refusal };
    } finally {
      facts.forget(host.id);
    }
  }
}

/** What a machine's record says while it has no host. */
type Said = Pick<MachineRecord, "state" | "reason" | "cause" | "progress" | "tried">;

interface Lying {
  readonly hostId: string;
}

function isElsewhere(disk: NeededDisk | null, host: Candidate): disk is NeededDisk & Lying {
  return disk !== null && disk.hostId !== null && disk.hostId !== host.id;
}

function isSaid(record: MachineRecord, said: Said): boolean {
  return (
    record.state === said.state &&
    record.reason === said.reason &&
    record.progress === said.progress &&
    JSON.stringify(record.tried) === JSON.stringify(said.tried)
  );
}
