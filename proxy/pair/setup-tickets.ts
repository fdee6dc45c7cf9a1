import { randomBytes } from "node:crypto";
import { TICKET_BYTES, type Clock } from "../../protocol/index.ts";
import { ConnectionTickets } from "../model/connection-tickets.ts";

/** Tickets of MiP 2: 128 bits, which cannot be found by trying, so their number is not limited here. */
export class SetupTickets extends ConnectionTickets<Buffer> {
  constructor(clock: Clock) {
    super(clock, { draw: () => randomBytes(TICKET_BYTES), max: Number.POSITIVE_INFINITY });
  }
}
