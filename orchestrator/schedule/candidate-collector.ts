import type { Clock } from "../../protocol/index.ts";
import type { MachineRecord, Proxy, TriedHost } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/index.ts";
import type { ImageTransfers } from "../images/index.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import { describeDown } from "../hosts/describe-down.ts";
import { locateNeededDisk } from "./needed-disk.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { CandidateHost, Need } from "./check-host.ts";

/** The hosts that a machine could go to. */
export interface CandidateSurvey {
  readonly need: Need;
  /** Connected here. */
  readonly candidates: readonly CandidateHost[];
  /** Connected to no server. */
  readonly down: readonly TriedHost[];
  /** Another server has a host too, and may place the machine. */
  readonly onOtherServers: boolean;
}

/** Looks at all hosts for one machine. */
export class CandidateCollector {
  readonly #proxy: Proxy;
  readonly #catalogue: MergedCatalogue;
  readonly #imageTransfers: ImageTransfers;
  readonly #disks: DataDiskService;
  readonly #facts: HostFactsCache;
  readonly #clock: Clock;

  constructor(parts: {
    readonly proxy: Proxy;
    readonly catalogue: MergedCatalogue;
    readonly journeys: ImageTransfers;
    readonly disks: DataDiskService;
    readonly facts: HostFactsCache;
    readonly clock: Clock;
  }) {
    this.#proxy = parts.proxy;
    this.#catalogue = parts.catalogue;
    this.#imageTransfers = parts.journeys;
    this.#disks = parts.disks;
    this.#facts = parts.facts;
    this.#clock = parts.clock;
  }

  async collect(record: MachineRecord, ownerName: string): Promise<CandidateSurvey> {
    const { stores, serverId } = this.#proxy;
    const connected = this.#proxy.connectedAgents().filter(({ kind }) => kind === "host");
    const [agents, machines, candidates] = await Promise.all([
      stores.agents.list(),
      stores.machines.list(),
      Promise.all(
        connected.map(async ({ id, name }) => ({
          ...{ id, name },
          ...(await this.#collectHost(id, record.image)),
        })),
      ),
    ]);
    const drained = new Set(agents.filter(({ drainedAt }) => drainedAt !== null).map(({ id }) => id));
    const here = new Set(connected.map(({ id }) => id));
    const others = agents.filter(
      ({ id, kind, revokedAt }) => kind === "host" && revokedAt === null && !here.has(id),
    );
    const heard = candidates.flatMap(({ id, facts }) =>
      typeof facts === "object" ? [[id, facts.dataDisks] as const] : [],
    );
    await stores.dataDisks.applyHostReports(new Map(heard));
    const need = await this.#readNeed(record, ownerName);
    const lost = need.dataDisk?.hostId;
    return {
      need,
      candidates: candidates.map((candidate) => ({
        ...candidate,
        drained: drained.has(candidate.id),
        placed: machines.filter((machine) => machine.agentId === candidate.id && isOn(machine)).length,
      })),
      down: others
        .filter((agent) => agent.serverId === null)
        .map(({ id, name, lastSeenAt }) => {
          const why = describeDown(lastSeenAt, this.#clock.now());
          return { host: name, why: id === lost ? `${why}; the data disk is there` : why };
        }),
      onOtherServers: others.some((agent) => agent.serverId !== null && agent.serverId !== serverId),
    };
  }

  /** What a host that takes no images from the server lacks it cannot have. */
  async #collectHost(
    hostId: string,
    imageId: string,
  ): Promise<Pick<CandidateHost, "image" | "fetch" | "facts">> {
    const { image, content, missing: lacks } = await this.#catalogue.findOnHost(hostId, imageId);
    const facts = await this.#facts.get(hostId);
    if (lacks && (facts === "unknown" || (facts !== "silent" && facts.serverImagesMb === undefined)))
      return { image: null, facts };
    if (content === null) return { image, facts };
    const isComing = this.#imageTransfers.isRunning(hostId, content);
    return { image, facts, fetch: { content, state: !lacks ? "here" : isComing ? "coming" : "lacking" } };
  }

  async #readNeed({ cpus, memoryMb, wish }: MachineRecord, ownerName: string): Promise<Need> {
    const name = wish.dataDisk?.name;
    const around = { proxy: this.#proxy, disks: this.#disks, clock: this.#clock };
    const dataDisk = name === undefined ? null : await locateNeededDisk(around, { owner: ownerName, name });
    return { cpus, memoryMb, gpu: wish.gpu, dataDisk };
  }
}
function isOn({ state }: MachineRecord): boolean {
  return state !== "stopped" && state !== "failed";
}
