import type { Logger } from "pino";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { DiskRoom } from "../disks/index.ts";
import type { Live } from "../live/live.ts";
import { ImageJourneys, type ServerImages } from "../images/index.ts";
import type { Catalogue } from "./catalogue.ts";
import { Keeper } from "./ends/keeper.ts";
import { DiskFollower } from "./disk-follower.ts";
import { extendMachine } from "./extend.ts";
import { HostFollower } from "./host-follower.ts";
import { HostFactsBook } from "./hosts/host-facts.ts";
import { Hosts } from "./hosts/hosts.ts";
import { Refusals } from "./hosts/refusals.ts";
import type { Limits, LimitTable } from "./limits/limits.ts";
import { MachineActs } from "./machine-acts.ts";
import { ImageWaits } from "./image-waits.ts";
import { MachineBook } from "./machine-book.ts";
import { Orders } from "./orders.ts";
import { Placement } from "./placement.ts";
import { Restarts } from "./restarts.ts";
import { Screens } from "./screens.ts";
import { Turns } from "./turns.ts";

export interface MachineRoom {
  readonly acts: MachineActs;
  readonly orders: Orders;
  readonly screens: Screens;
  readonly facts: HostFactsBook;
  extend(id: string, limits: Limits, askedMs: number | null): Promise<MachineRecord>;
  /** Finds hosts for the machines that wait, and from the first time on looks after those that end. */
  placeSoon(): void;
  close(): void;
}

/** Puts together what looks after machines. */
export function openMachineRoom(options: {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  /** Null: this server has none for its hosts. */
  readonly images: ServerImages | null;
  readonly disks: DiskRoom;
  readonly live: Live;
  readonly limits: LimitTable;
  readonly clock: Clock;
  readonly log: Logger;
}): MachineRoom {
  const { proxy, catalogue, images, disks, live, clock, log } = options;
  const turns = new Turns();
  const facts = new HostFactsBook(proxy, clock, log);
  const journeys = new ImageJourneys({
    ...{ proxy, clock, log },
    onProgress: (hostId, imageId, fraction) => {
      waits.show(hostId, imageId, fraction).catch((error: unknown) => {
        log.warn({ event: "image.unshown", reason: describeError(error) }, "progress could not be shown");
      });
    },
    onEnd: (hostId) => {
      follower.imagesMoved(hostId);
    },
  });
  const hosts = new Hosts({ proxy, catalogue, journeys, disks, facts, clock });
  const orders = new Orders(proxy, catalogue, options.limits);
  const book = new MachineBook({
    ...{ proxy, live, clock, log },
    onState: () => {
      keeper.lookSoon();
    },
    isHeld: (id) => restarts.isWaiting(id),
  });
  const waits = new ImageWaits(proxy, book, turns);
  const restarts: Restarts = new Restarts({ proxy, disks, book, clock });
  const refusals = new Refusals(clock);
  const placement = new Placement({
    ...{ proxy, hosts, facts, journeys, waits, disks, refusals },
    ...{ book, turns, clock, log },
  });
  const follower = new HostFollower({ proxy, catalogue, facts, placement, book, turns, live, clock, log });
  const keeper = new Keeper({
    ...{ proxy, book, turns, live, clock, log },
    onWaiting: (ids) => {
      follower.placeNew(ids);
    },
  });
  images?.follow(() => {
    live.imagesChanged();
    follower.placeSoon();
  });
  const acts = new MachineActs({ proxy, orders, book, restarts, turns, follower, live });
  const diskFollower = new DiskFollower({
    ...{ proxy, disks, facts, refusals, restarts, book, turns, log },
    goOn: (id, failure) => acts.goOn(id, failure),
    placeSoon: () => {
      follower.placeSoon();
    },
  });
  return {
    acts,
    orders,
    facts,
    screens: new Screens(proxy, clock),
    extend: (id, limits, askedMs) => extendMachine({ proxy, turns, live, clock }, id, limits, askedMs),
    placeSoon: () => {
      follower.placeSoon();
      keeper.lookSoon();
    },
    close: () => {
      journeys.close();
      diskFollower.close();
      keeper.close();
      follower.close();
    },
  };
}
