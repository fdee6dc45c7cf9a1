import type { Clock, HostFacts } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { CreateRights } from "../quota/create-rights.ts";
import type { DataDiskService } from "../disks/data-disk-service.ts";
import { listConnectedHosts } from "../hosts/host-access.ts";
import type { HostFactsCache, KnownHostFacts } from "../hosts/host-facts-cache.ts";
import type { ImageTransfers } from "../images/image-transfers.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import type { CandidateHost, CandidateImage, CandidateSurvey, Need } from "./candidate.ts";
import { describeDown, locateNeededDisk } from "./needed-disk.ts";

interface CandidateCollectorContext {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  readonly imageTransfers: ImageTransfers;
  readonly disks: DataDiskService;
  readonly facts: HostFactsCache;
  readonly createRights: CreateRights;
  readonly clock: Clock;
}

/** Collects what is known of all hosts for one machine. */
export class CandidateCollector {
  readonly #context: CandidateCollectorContext;
  /** The facts whose data disks were stored last, by the host's id. */
  #storedFacts: ReadonlyMap<string, HostFacts> = new Map();

  constructor(context: CandidateCollectorContext) {
    this.#context = context;
  }

  /** Also stores which data disks the hosts report, and resumes an interrupted transfer of the machine's. */
  async collect(record: MachineRecord, ownerName: string): Promise<CandidateSurvey> {
    const { proxy, clock } = this.#context;
    const { stores, serverId } = proxy;
    const connected = listConnectedHosts(proxy);
    const [hosts, placed, asked] = await Promise.all([
      stores.agents.listHosts(),
      stores.machines.countPlaced(),
      Promise.all(
        connected.map(async ({ id, name }) => {
          const { image, facts } = await this.#collectHost(id, record.image);
          return { id, name, image, facts };
        }),
      ),
    ]);
    const drained = new Set(hosts.filter(({ drainedAt }) => drainedAt !== null).map(({ id }) => id));
    const here = new Set(connected.map(({ id }) => id));
    const others = hosts.filter(({ id, admittedAt }) => admittedAt !== null && !here.has(id));
    await this.#storeDataDisks(asked);
    const need = await this.#readNeed(record, ownerName);
    const diskHost = need.dataDisk?.hostId;
    const reserved = await this.#findReserved(connected, record.ownerId);
    const candidates: CandidateHost[] = asked.map((host) => ({
      ...host,
      drained: drained.has(host.id),
      reserved: reserved.has(host.id),
      placed: placed.get(host.id) ?? 0,
    }));
    return {
      need,
      candidates,
      down: others
        .filter((agent) => agent.serverId === null)
        .map(({ id, name, lastSeenAt }) => {
          const why = describeDown(lastSeenAt, clock.now());
          return { host: name, why: id === diskHost ? `${why}; the data disk is there` : why };
        }),
      isServed: this.#context.catalogue.serves(record.image),
      onOtherServers: others.some((agent) => agent.serverId !== null && agent.serverId !== serverId),
    };
  }

  /** The hosts on which others may have machines, and this person may not. */
  async #findReserved(
    hosts: readonly { readonly id: string; readonly name: string }[],
    ownerId: string,
  ): Promise<ReadonlySet<string>> {
    const { proxy, createRights } = this.#context;
    const labels = await proxy.stores.labels.find(hosts.map(({ id }) => id));
    const judged = await Promise.all(
      hosts.map(async ({ id, name }) => {
        const may = await createRights.mayUseHost(ownerId, { id, name, labels: labels.get(id) ?? [] });
        return may ? [] : [id];
      }),
    );
    return new Set(judged.flat());
  }

  /** What was stored already is not stored again: facts are the same for many machines in a row. */
  async #storeDataDisks(
    asked: readonly { readonly id: string; readonly facts: KnownHostFacts }[],
  ): Promise<void> {
    const known = asked.flatMap(({ id, facts }) =>
      facts.kind === "known" ? [{ id, facts: facts.facts }] : [],
    );
    if (known.every(({ id, facts }) => this.#storedFacts.get(id) === facts)) return;
    await this.#context.proxy.stores.dataDisks.applyHostReports(
      new Map(known.map(({ id, facts }) => [id, facts.dataDisks])),
    );
    this.#storedFacts = new Map(known.map(({ id, facts }) => [id, facts]));
  }

  /** A host that takes no images from the server offers only those that it has. */
  async #collectHost(
    hostId: string,
    imageId: string,
  ): Promise<{ readonly image: CandidateImage; readonly facts: KnownHostFacts }> {
    const found = await this.#context.catalogue.findOnHost(hostId, imageId);
    const facts = await this.#context.facts.get(hostId);
    if (found.kind !== "offered") return { image: found, facts };
    const { image, content, missing } = found;
    if (missing && !mayTakeServerImages(facts)) return { image: { kind: "notOffered" }, facts };
    if (content === null) return { image: { kind: "offered", image, fetch: null }, facts };
    const isComing = this.#context.imageTransfers.isRunning(hostId, content);
    const state = !missing ? "here" : isComing ? "coming" : "lacking";
    return { image: { kind: "offered", image, fetch: { content, state } }, facts };
  }

  async #readNeed({ cpus, memoryMb, wish }: MachineRecord, ownerName: string): Promise<Need> {
    const name = wish.dataDisk?.name;
    const dataDisk =
      name === undefined ? null : await locateNeededDisk(this.#context, { owner: ownerName, name });
    return { cpus, memoryMb, gpu: wish.gpu, dataDisk };
  }
}

/** A host that did not answer is rejected for that, not for its image. */
function mayTakeServerImages(known: KnownHostFacts): boolean {
  return known.kind === "noAnswer" || (known.kind === "known" && known.facts.serverImagesMb !== undefined);
}
