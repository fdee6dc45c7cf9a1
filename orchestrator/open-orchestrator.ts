import type { Logger } from "pino";
import { describeError, type Clock, KeyedQueue } from "../protocol/index.ts";
import type { MachineRecord, Proxy } from "../proxy/index.ts";
import type { DataDiskService } from "./disks/index.ts";
import type { LiveUpdates } from "../web/server/live/live-updates.ts";
import { ImageTransfers, type ServerImages } from "./images/index.ts";
import type { MergedCatalogue } from "./images/merged-catalogue.ts";
import { MachineReaper } from "./expiry/machine-reaper.ts";
import { DiskTransferTracker } from "./operations/disk-transfer-tracker.ts";
import { extendMachine } from "./expiry/extend-machine.ts";
import { HostReconciler } from "./operations/host-reconciler.ts";
import { HostFactsCache } from "./hosts/host-facts-cache.ts";
import { CandidateCollector } from "./schedule/candidate-collector.ts";
import { RejectionCache } from "./schedule/rejection-cache.ts";
import type { Quota, QuotaTable } from "./quota/quota.ts";
import { MachineCommands } from "./operations/machine-commands.ts";
import { ImageWaits } from "./machines/image-waits.ts";
import { MachineRepository } from "./machines/machine-repository.ts";
import { CreateRequests } from "./requests/create-requests.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { DeferredStarts } from "./operations/deferred-starts.ts";
import { ScreenshotCache } from "./machines/screenshot-cache.ts";

export interface Orchestrator {
  readonly commands: MachineCommands;
  readonly createRequests: CreateRequests;
  readonly screenshots: ScreenshotCache;
  readonly hostFacts: HostFactsCache;
  extend(id: string, limits: Quota, askedMs: number | null): Promise<MachineRecord>;
  /** Finds hosts for the machines that wait, and from the first time on looks after those that end. */
  scheduleSoon(): void;
  close(): void;
}

/** Puts together what looks after machines. */
export function openOrchestrator(options: {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  /** Null: this server has none for its hosts. */
  readonly images: ServerImages | null;
  readonly disks: DataDiskService;
  readonly live: LiveUpdates;
  readonly limits: QuotaTable;
  readonly clock: Clock;
  readonly log: Logger;
}): Orchestrator {
  const { proxy, catalogue, images, disks, live, clock, log } = options;
  const turns = new KeyedQueue();
  const facts = new HostFactsCache(proxy, clock, log);
  const journeys = new ImageTransfers({
    ...{ proxy, clock, log },
    onProgress: (hostId, imageId, fraction) => {
      waits.reportProgress(hostId, imageId, fraction).catch((error: unknown) => {
        log.warn({ event: "image.unshown", reason: describeError(error) }, "progress could not be shown");
      });
    },
    onEnd: (hostId) => {
      follower.imagesChanged(hostId);
    },
  });
  const hosts = new CandidateCollector({ proxy, catalogue, journeys, disks, facts, clock });
  const orders = new CreateRequests(proxy, catalogue, options.limits);
  const book = new MachineRepository({
    ...{ proxy, live, clock, log },
    onStateChange: () => {
      keeper.checkSoon();
    },
    isStartDeferred: (id) => restarts.isDeferred(id),
  });
  const waits = new ImageWaits(proxy, book, turns);
  const restarts: DeferredStarts = new DeferredStarts({ proxy, disks, repository: book, clock });
  const refusals = new RejectionCache(clock);
  const placement = new Scheduler({
    ...{
      proxy,
      candidates: hosts,
      facts,
      imageTransfers: journeys,
      imageWaits: waits,
      disks,
      rejections: refusals,
    },
    ...{ repository: book, queue: turns, clock, log },
  });
  const follower = new HostReconciler({
    proxy,
    catalogue,
    facts,
    scheduler: placement,
    repository: book,
    queue: turns,
    live,
    clock,
    log,
  });
  const keeper = new MachineReaper({
    ...{ proxy, repository: book, queue: turns, live, clock, log },
    onAwaitingHost: (ids) => {
      follower.scheduleNew(ids);
    },
  });
  images?.subscribe(() => {
    live.imagesChanged();
    follower.scheduleSoon();
  });
  const acts = new MachineCommands({
    proxy,
    createRequests: orders,
    repository: book,
    deferredStarts: restarts,
    queue: turns,
    reconciler: follower,
    live,
  });
  const diskFollower = new DiskTransferTracker({
    ...{
      proxy,
      disks,
      facts,
      rejections: refusals,
      deferredStarts: restarts,
      repository: book,
      queue: turns,
      log,
    },
    resumeStart: (id, failure) => acts.resumeStart(id, failure),
    scheduleSoon: () => {
      follower.scheduleSoon();
    },
  });
  return {
    commands: acts,
    createRequests: orders,
    hostFacts: facts,
    screenshots: new ScreenshotCache(proxy, clock),
    extend: (id, limits, askedMs) => extendMachine({ proxy, queue: turns, live, clock }, id, limits, askedMs),
    scheduleSoon: () => {
      follower.scheduleSoon();
      keeper.checkSoon();
    },
    close: () => {
      journeys.close();
      diskFollower.close();
      keeper.close();
      follower.close();
    },
  };
}
