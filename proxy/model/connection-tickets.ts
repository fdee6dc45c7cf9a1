import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "./proxy-limits.ts";
import { ViewerRefusal } from "./viewer-refusal.ts";

/** Who may redeem a ticket: the connection that was asked, or the address that the new one must come from. */
export type TicketBearer = object | string;

export interface TicketKind<Ticket> {
  /** A random ticket; drawn again while it is in use. */
  draw(): Ticket;
  /** How many may be in use at once. */
  readonly max: number;
}

export interface TicketTerms {
  /** Null or absent: anything that has the ticket may redeem it. */
  readonly bearer?: TicketBearer | null;
  /** It got another deadline, so far away. */
  readonly onPostponed?: (forMs: number) => void;
}

interface PendingTicket {
  readonly holder: object;
  readonly bearer: TicketBearer | null;
  /** Gives it another deadline. */
  postpone(): void;
  settle(outcome: Duplex | Error): void;
}

/**
 * Data connections that were asked for and have not come yet, by their tickets. A ticket is good once, for 10 s, or for
 * 70 s from its only postponement on.
 */
export class ConnectionTickets<Ticket extends Buffer | number> {
  readonly #clock: Clock;
  readonly #kind: TicketKind<Ticket>;
  readonly #pending = new Map<string | number, PendingTicket>();

  constructor(clock: Clock, kind: TicketKind<Ticket>) {
    this.#clock = clock;
    this.#kind = kind;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Makes a ticket for a data connection.
   * @param holder the connection that is asked: only it can report a failure
   * @returns `connection` settles with the connection, which then belongs to the caller; rejects with ViewerRefusal
   *   `HOST_TIMEOUT`, `HOST_OFFLINE` after {@link failAll}, what {@link fail} is given, or the reason of `signal`
   * @throws ViewerRefusal `HOST_BUSY`
   */
  expect(
    holder: object,
    signal: AbortSignal,
    { bearer = null, onPostponed }: TicketTerms = {},
  ): { readonly ticket: Ticket; readonly connection: Promise<Duplex> } {
    const ticket = this.#draw();
    const key = keyOf(ticket);
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
      const onTimeout = (): void => {
        settle(new ViewerRefusal("HOST_TIMEOUT"));
      };
      let cancel = this.#clock.after(PROXY_LIMITS.pairingMs, onTimeout);
      let isPostponed = false;
      const postpone = (): void => {
        if (isPostponed) return;
        isPostponed = true;
        cancel();
        cancel = this.#clock.after(PROXY_LIMITS.attendedMs, onTimeout);
        onPostponed?.(PROXY_LIMITS.attendedMs);
      };
      this.#pending.set(key, { holder, bearer, postpone, settle });
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
    return { ticket, connection };
  }

  /**
   * Hands a data connection to the viewer that waits for this ticket. False: none does, or not for one of this bearer;
   * that does not use the ticket up.
   */
  redeem(ticket: Ticket, connection: Duplex, bearer: TicketBearer | null = null): boolean {
    const expected = this.#pending.get(keyOf(ticket));
    if (expected === undefined || (expected.bearer !== null && expected.bearer !== bearer)) return false;
    expected.settle(connection);
    return true;
  }

  /** Whether this holder was asked for the ticket's connection, and it is still awaited. */
  isPending(holder: object, ticket: Ticket): boolean {
    return this.#pending.get(keyOf(ticket))?.holder === holder;
  }

  /** The asked agent says that the answer takes longer, because a person at the desktop is asked. Counts once. */
  postpone(ticket: Ticket): void {
    this.#pending.get(keyOf(ticket))?.postpone();
  }

  /** The asked connection says that no data connection will come. False: it was not asked for one by this ticket. */
  fail(holder: object, ticket: Ticket, error: ViewerRefusal): boolean {
    const expected = this.#pending.get(keyOf(ticket));
    if (expected?.holder !== holder) return false;
    expected.settle(error);
    return true;
  }

  /** The asked connection is gone, and with it what it was asked for. */
  failAll(holder: object): void {
    for (const expected of [...this.#pending.values()])
      if (expected.holder === holder) expected.settle(new ViewerRefusal("HOST_OFFLINE"));
  }

  #draw(): Ticket {
    if (this.#pending.size >= this.#kind.max) throw new ViewerRefusal("HOST_BUSY");
    for (;;) {
      const ticket = this.#kind.draw();
      if (!this.#pending.has(keyOf(ticket))) return ticket;
    }
  }
}

function keyOf(ticket: Buffer | number): string | number {
  return typeof ticket === "number" ? ticket : ticket.toString("hex");
}
