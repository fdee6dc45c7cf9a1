import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { TICKET_BYTES, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import { Refusal } from "../refusals.ts";

interface Expected {
  readonly holder: object;
  readonly bound: boolean;
  settle(outcome: Duplex | Error): void;
}

/** Data connections that were asked for and have not come yet. A ticket is good once, for 10 s. */
export class SetupTickets {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#expected.size;
  }

  /**
   * Makes a ticket for a data connection.
   * @param holder the connection that is asked: only it can report a failure
   * @param bound the ticket is good on the asked connection alone
   * @returns `arrival` settles with the connection, which then belongs to the caller; rejects with
   *   Refusal `HOST_TIMEOUT` or what {@link fail} says
   */
  expect(
    holder: object,
    signal: AbortSignal,
    bound = false,
  ): { readonly ticket: Buffer; readonly arrival: Promise<Duplex> } {
    const ticket = randomBytes(TICKET_BYTES);
    const key = ticket.toString("hex");
    const arrival = new Promise<Duplex>((resolve, reject) => {
      const settle = (outcome: Duplex | Error): void => {
        if (!this.#expected.delete(key)) return;
        cancel();
        signal.removeEventListener("abort", onAbort);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const onAbort = (): void => {
        settle(signal.reason instanceof Error ? signal.reason : new Refusal("SERVER_STOPPING"));
      };
      const cancel = this.#clock.after(LIMITS.pairingMs, () => {
        settle(new Refusal("HOST_TIMEOUT"));
      });
      this.#expected.set(key, { holder, bound, settle });
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
    return { ticket, arrival };
  }

  /**
   * Hands a data connection to whoever waits for this ticket; false: nobody does.
   * @param holder what stands behind the connection, if it was there before the ticket
   */
  redeem(ticket: Buffer, connection: Duplex, holder?: object): boolean {
    const expected = this.#expected.get(ticket.toString("hex"));
    if (expected === undefined || (expected.bound && expected.holder !== holder)) return false;
    expected.settle(connection);
    return true;
  }

  /** The asked control connection says that no data connection will come. */
  fail(holder: object, ticket: Buffer, error: Refusal): boolean {
    const expected = this.#expected.get(ticket.toString("hex"));
    if (expected?.holder !== holder) return false;
    expected.settle(error);
    return true;
  }

  /** The control connection is gone, and with it what it was asked for. */
  failAll(holder: object): void {
    for (const expected of [...this.#expected.values()]) {
      if (expected.holder === holder) expected.settle(new Refusal("HOST_OFFLINE"));
    }
  }
}
