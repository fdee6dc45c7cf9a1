import type { Logger } from "pino";
import { type Clock, KeyedQueue, TypedEventEmitter } from "../protocol/index.ts";
import { FoldedLog, type Proxy } from "../proxy/index.ts";
import { DataDiskService } from "./disks/data-disk-service.ts";
import type { OrchestratorEventEmitter, OrchestratorEvents } from "./orchestrator-events.ts";
import { MachineReaper } from "./expiry/machine-reaper.ts";
import { HostFactsCache } from "./hosts/host-facts-cache.ts";
import { HostPatience } from "./hosts/host-patience.ts";
import { ImageTransfers } from "./images/image-transfers.ts";
import { MergedCatalogue } from "./images/merged-catalogue.ts";
import { ServerImages } from "./images/server-images.ts";
import { ImageWaits } from "./machines/image-waits.ts";
import { GuestAddresses } from "./machines/guest-addresses.ts";
import { MachineRepository } from "./machines/machine-repository.ts";
import { ScreenshotCache } from "./machines/screenshot-cache.ts";
import { DeferredStarts } from "./operations/deferred-starts.ts";
import { DiskTransferTracker } from "./operations/disk-transfer-tracker.ts";
import { HostReconciler } from "./operations/host-reconciler.ts";
import { MachineCommands } from "./operations/machine-commands.ts";
import { CreateRights } from "./quota/create-rights.ts";
import type { QuotaTable } from "./quota/quota.ts";
import { Quotas } from "./quota/quotas.ts";
import { CreateRequests } from "./requests/create-requests.ts";
import { CandidateCollector } from "./schedule/candidate-collector.ts";
import { RejectionCache } from "./schedule/host-rejection.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { ScheduleLoop } from "./operations/schedule-loop.ts";

export interface OrchestratorOptions {
  readonly proxy: Proxy;
  /** Images that hosts get from this server; null: none. */
  readonly imagesDir: string | null;
  readonly quotas: QuotaTable;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Decides about machines, data disks and images over all hosts. */
export interface Orchestrator {
  readonly events: Pick<OrchestratorEventEmitter, "on">;
  readonly commands: MachineCommands;
  readonly createRequests: CreateRequests;
  readonly catalogue: MergedCatalogue;
  readonly disks: DataDiskService;
  readonly addresses: Pick<GuestAddresses, "of">;
  readonly screenshots: ScreenshotCache;
  readonly hostFacts: HostFactsCache;
  /** What people may have. */
  readonly quotas: Quotas;
  /** From what they may create machines, and where. */
  readonly createRights: CreateRights;
  /** From now on machines that wait get hosts, and machines whose time is over are ended. Once. */
  start(): void;
  /** There may be room on a host again. */
  scheduleSoon(): void;
  /** Idempotent. Does not close the proxy. */
  close(): Promise<void>;
}

/**
 * Opens the orchestrator of one server. It does nothing by itself before {@link Orchestrator.start}, except that it
 * follows its hosts.
 * @throws ConfigError `SERVER_IMAGES`
 */
export async function openOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
  const { proxy, imagesDir, clock, log } = options;
  const quotas = new Quotas(options.quotas, proxy.rights);
  const createRights = new CreateRights(proxy.rights);
  const opened: { close(): void | Promise<void> }[] = [];
  const own = <T extends { close(): void | Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };

  const events = new TypedEventEmitter<OrchestratorEvents>();
  const queue = new KeyedQueue();
  const deferred = new Set<string>();
  const images =
    imagesDir === null ? null : own(await ServerImages.open({ folder: imagesDir, events, clock, log }));
  const patience = new HostPatience(clock);
  const catalogue = new MergedCatalogue({ proxy, server: images, patience, events, clock, log });
  const disks = own(new DataDiskService({ proxy, events, clock, log }));
  const facts = new HostFactsCache({ proxy, patience, clock, log });
  const rejections = new RejectionCache(clock);
  const imageTransfers = own(new ImageTransfers({ proxy, events, clock, log }));
  const folded = own(new FoldedLog(log, clock));
  const addresses = new GuestAddresses();
  const repository = new MachineRepository({
    proxy,
    events,
    deferredStarts: deferred,
    addresses,
    clock,
    log,
    folded,
  });
  const imageWaits = own(new ImageWaits({ proxy, repository, queue, events, log }));
  const createRequests = new CreateRequests({ proxy, catalogue, quotas, createRights });
  const deferredStarts = new DeferredStarts({ proxy, disks, repository, deferred, clock });
  const candidates = new CandidateCollector({
    proxy,
    catalogue,
    imageTransfers,
    disks,
    facts,
    createRights,
    clock,
  });
  const scheduler = new Scheduler({
    proxy,
    candidates,
    facts,
    imageTransfers,
    imageWaits,
    checkDisk: (record) => createRequests.checkDisk(record),
    disks,
    rejections,
    repository,
    queue,
    clock,
    log,
  });
  const reconciler = own(
    new HostReconciler({ proxy, catalogue, facts, repository, queue, events, clock, log }),
  );
  const scheduleLoop = own(new ScheduleLoop({ scheduler, reconciler, events, clock, log }));
  const reaper = own(new MachineReaper({ proxy, repository, queue, events, clock, log }));
  const commands = new MachineCommands({
    proxy,
    createRequests,
    repository,
    deferredStarts,
    queue,
    scheduleLoop,
    events,
    clock,
  });
  own(
    new DiskTransferTracker({
      proxy,
      facts,
      rejections,
      deferredStarts,
      commands,
      scheduleLoop,
      repository,
      queue,
      events,
      log,
    }),
  );
  return {
    events,
    commands,
    createRequests,
    catalogue,
    disks,
    addresses,
    screenshots: new ScreenshotCache(proxy, clock),
    hostFacts: facts,
    quotas,
    createRights,
    start: () => {
      scheduleLoop.runSoon();
      reaper.checkSoon();
    },
    scheduleSoon: () => {
      scheduleLoop.runSoon();
    },
    close: async () => {
      for (const part of opened.splice(0).reverse()) await part.close();
    },
  };
}
