import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { TICKET_BYTES, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";

interface PendingTicket {
  readonly holder: object;
  readonly bound: boolean;
  /** Gives it another deadline. */
  postpone(): void;
  settle(outcome: Duplex | Error): void;
}

/**
 * Data connections that were asked for and have not come yet. A ticket is good once, for 10 s, or for longer where
 * somebody at the desktop is asked.
 */
export class SetupTickets {
  readonly #clock: Clock;
  readonly #pending = new Map<string, PendingTicket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Makes a ticket for a data connection.
   * @param holder the connection that is asked: only it can report a failure
   * @param bound the ticket is good on the asked connection alone
   * @returns `arrival` settles with the connection, which then belongs to the caller; rejects with
   *   ViewerRefusal `HOST_TIMEOUT` or what {@link fail} says
   */
  expect(
    holder: object,
    signal: AbortSignal,
    bound = false,
  ): { readonly ticket: Buffer; readonly connection: Promise<Duplex> } {
    const ticket = randomBytes(TICKET_BYTES);
    const key = ticket.toString("hex");
    const connection = new Promise<Duplex>((resolve, reject) => {
      const settle = (outcome: Duplex | Error): void => {
        if (!this.#pending.delete(key)) return;
        cancel();
        signal.removeEventListener("abort", onAbort);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const onAbort = (): void => {
        settle(signal.reason instanceof Error ? signal.reason : new ViewerRefusal("SERVER_STOPPING"));
      };
      const timeOut = (): void => {
        settle(new ViewerRefusal("HOST_TIMEOUT"));
      };
      let cancel = this.#clock.after(PROXY_LIMITS.pairingMs, timeOut);
      let isPostponed = false;
      const postpone = (): void => {
        if (isPostponed) return;
        isPostponed = true;
        cancel();
        cancel = this.#clock.after(PROXY_LIMITS.attendedMs, timeOut);
      };
      this.#pending.set(key, { holder, bound, postpone, settle });
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
    return { ticket, connection };
  }

  /**
   * Hands a data connection to the viewer that waits for this ticket; false: none does.
   * @param holder the owner of the connection, if it existed before the ticket
   */
  redeem(ticket: Buffer, connection: Duplex, holder?: object): boolean {
    const expected = this.#pending.get(ticket.toString("hex"));
    if (expected === undefined || (expected.bound && expected.holder !== holder)) return false;
    expected.settle(connection);
    return true;
  }

  /** Whether this holder was asked for the ticket's connection, and it is still awaited. */
  isPending(holder: object, ticket: Buffer): boolean {
    return this.#pending.get(ticket.toString("hex"))?.holder === holder;
  }

  /** The agent says that the answer takes longer; once. Whoever has the ticket is the asked agent. */
  postpone(ticket: Buffer): void {
    this.#pending.get(ticket.toString("hex"))?.postpone();
  }

  /** The asked control connection says that no data connection will come. */
  fail(holder: object, ticket: Buffer, error: ViewerRefusal): boolean {
    const expected = this.#pending.get(ticket.toString("hex"));
    if (expected?.holder !== holder) return false;
    expected.settle(error);
    return true;
  }

  /** The control connection is gone, and with it what it was asked for. */
  failAll(holder: object): void {
    for (const expected of [...this.#pending.values()]) {
      if (expected.holder === holder) expected.settle(new ViewerRefusal("HOST_OFFLINE"));
    }
  }
}
