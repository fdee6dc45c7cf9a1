import { randomInt } from "node:crypto";
import type { Duplex } from "node:stream";
import { mip1, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { plainAddress } from "../model/connection-source.ts";

/** As many data connections may be waited for: far from all tickets, so that one is not found by trying. */
const MOST = 1_000;

interface PendingMip1Ticket {
  readonly holder: object;
  readonly address: string;
  settle(outcome: Duplex | Error): void;
}

/**
 * Data connections that MiP 1 agents were asked for. A ticket has 16 bits only, so it is good once, for 10 s,
 * and from the address of the control connection that was asked.
 */
export class Mip1Tickets {
  readonly #clock: Clock;
  readonly #pending = new Map<number, PendingMip1Ticket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Makes a ticket for a data connection.
   * @param holder the control connection that is asked: only it can report a failure
   * @param address where that connection comes from
   * @returns `arrival` settles with the connection, which then belongs to the caller; rejects with
   *   ViewerRefusal `HOST_TIMEOUT` or what {@link fail} says
   * @throws ViewerRefusal `HOST_BUSY`
   */
  expect(
    holder: object,
    address: string,
    signal: AbortSignal,
  ): { readonly ticket: number; readonly connection: Promise<Duplex> } {
    const ticket = this.#draw();
    const connection = new Promise<Duplex>((resolve, reject) => {
      const settle = (outcome: Duplex | Error): void => {
        if (!this.#pending.delete(ticket)) return;
        cancel();
        signal.removeEventListener("abort", onAbort);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const onAbort = (): void => {
        settle(signal.reason instanceof Error ? signal.reason : new ViewerRefusal("SERVER_STOPPING"));
      };
      const cancel = this.#clock.after(PROXY_LIMITS.pairingMs, () => {
        settle(new ViewerRefusal("HOST_TIMEOUT"));
      });
      this.#pending.set(ticket, { holder, address: plainAddress(address), settle });
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
    return { ticket, connection };
  }

  /** Hands a data connection to the viewer that waits for this ticket. False: none does, or not for this address. */
  redeem(ticket: number, address: string, connection: Duplex): boolean {
    const expected = this.#pending.get(ticket);
    // A wrong address does not use the ticket up: its owner is still to come.
    if (expected?.address !== plainAddress(address)) return false;
    expected.settle(connection);
    return true;
  }

  /** The asked control connection says that no data connection will come. */
  fail(holder: object, ticket: number, error: ViewerRefusal): void {
    const expected = this.#pending.get(ticket);
    if (expected?.holder === holder) expected.settle(error);
  }

  /** The control connection is gone, and with it what it was asked for. */
  failAll(holder: object): void {
    for (const expected of [...this.#pending.values()]) {
      if (expected.holder === holder) expected.settle(new ViewerRefusal("HOST_OFFLINE"));
    }
  }

  #draw(): number {
    if (this.#pending.size >= MOST) throw new ViewerRefusal("HOST_BUSY");
    for (;;) {
      const ticket = randomInt(mip1.MIP1_LIMITS.ticket + 1);
      if (!this.#pending.has(ticket)) return ticket;
    }
  }
}
