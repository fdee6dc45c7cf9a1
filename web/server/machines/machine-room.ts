import type { Logger } from "pino";
import type { Clock } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import type { Live } from "../live/live.ts";
import type { Catalogue } from "./catalogue.ts";
import { HostFollower } from "./host-follower.ts";
import { MachineActs } from "./machine-acts.ts";
import { MachineBook } from "./machine-book.ts";
import { Placement } from "./placement.ts";
import { Screens } from "./screens.ts";
import { Turns } from "./turns.ts";

export interface MachineRoom {
  readonly acts: MachineActs;
  readonly screens: Screens;
  /** Finds hosts for the machines that an earlier life of the server left queued. */
  placeSoon(): void;
  close(): void;
}

/** Puts together what looks after machines. */
export function openMachineRoom(options: {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  readonly live: Live;
  readonly clock: Clock;
  readonly log: Logger;
}): MachineRoom {
  const { proxy, catalogue, live, clock, log } = options;
  const turns = new Turns();
  const book = new MachineBook(proxy, live, log);
  const placement = new Placement({ proxy, catalogue, book, turns, log });
  const follower = new HostFollower({ proxy, catalogue, placement, book, turns, live, clock, log });
  return {
    acts: new MachineActs({ proxy, catalogue, book, turns, follower, live }),
    screens: new Screens(proxy, clock),
    placeSoon: () => {
      follower.placeSoon();
    },
    close: () => {
      follower.close();
    },
  };
}
