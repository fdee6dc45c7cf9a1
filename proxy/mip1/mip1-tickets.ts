import { randomInt } from "node:crypto";
import { mip1, type Clock } from "../../protocol/index.ts";
import { ConnectionTickets } from "../model/connection-tickets.ts";

/** So many may be in use: far fewer than there are tickets, so that one is not found by trying. */
const MAX_MIP1_TICKETS = 1_000;

/** Tickets of MiP 1: 16 bits only, so each is bound to the address of the control connection that was asked. */
export class Mip1Tickets extends ConnectionTickets<number> {
  constructor(clock: Clock) {
    super(clock, { draw: () => randomInt(mip1.MIP1_LIMITS.ticket + 1), max: MAX_MIP1_TICKETS });
  }
}
