import { describe, expect, it } from "vitest";
import { SetupTickets } from "../../../../proxy/pair/setup-tickets.ts";
import { ViewerRefusal } from "../../../../proxy/model/viewer-refusal.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";

const holder = {};
const never = new AbortController().signal;

describe("SetupTickets", () => {
  it("hands over a connection once", async () => {
    const tickets = new SetupTickets(new ManualClock());
    const { ticket, connection: arriving } = tickets.expect(holder, never);
    const [connection, other] = createDuplexPair();
    expect(ticket).toHaveLength(16);
    expect(tickets.redeem(Buffer.alloc(16), other)).toBe(false);
    expect(tickets.redeem(Buffer.from(ticket), connection)).toBe(true);
    expect(tickets.redeem(ticket, other)).toBe(false);
    expect(await arriving).toBe(connection);
    expect(tickets.size).toBe(0);
  });

  it("expires after 10 s", async () => {
    const clock = new ManualClock();
    const tickets = new SetupTickets(clock);
    const { ticket, connection: arriving } = tickets.expect(holder, never);
    const refused = expect(arriving).rejects.toMatchObject({ code: "HOST_TIMEOUT" });
    clock.advance(9_999);
    expect(tickets.size).toBe(1);
    clock.advance(1);
    await refused;
    expect(tickets.redeem(ticket, createDuplexPair()[0])).toBe(false);
  });

  it("waits a minute and more where somebody at the desktop is asked, and no longer for being told again", async () => {
    const clock = new ManualClock();
    const tickets = new SetupTickets(clock);
    const postponed: number[] = [];
    const { ticket, connection: arriving } = tickets.expect(holder, never, {
      onPostponed: (forMs) => postponed.push(forMs),
    });
    const refused = expect(arriving).rejects.toMatchObject({ code: "HOST_TIMEOUT" });
    clock.advance(3_000);
    tickets.postpone(ticket);
    tickets.postpone(Buffer.alloc(16));
    clock.advance(69_999);
    tickets.postpone(ticket);
    expect(tickets.size).toBe(1);
    clock.advance(1);
    await refused;
    expect(clock.pending).toBe(0);
    expect(postponed).toEqual([70_000]);
  });

  it("is failed only by the connection that was asked", async () => {
    const tickets = new SetupTickets(new ManualClock());
    const { ticket, connection: arriving } = tickets.expect(holder, never);
    const refused = expect(arriving).rejects.toMatchObject({ code: "HOST_BUSY" });
    tickets.failAll({});
    expect(tickets.fail({}, ticket, new ViewerRefusal("INTERNAL"))).toBe(false);
    expect(tickets.fail(holder, ticket, new ViewerRefusal("HOST_BUSY"))).toBe(true);
    await refused;
  });

  it("fails all of a connection that is gone, and what is given up", async () => {
    const clock = new ManualClock();
    const tickets = new SetupTickets(clock);
    const abort = new AbortController();
    const gone = [tickets.expect(holder, never), tickets.expect(holder, never)];
    const kept = tickets.expect({}, abort.signal);
    const refused = gone.map(({ connection: arriving }) =>
      expect(arriving).rejects.toMatchObject({ code: "HOST_OFFLINE" }),
    );
    tickets.failAll(holder);
    await Promise.all(refused);
    expect(tickets.size).toBe(1);
    const aborted = expect(kept.connection).rejects.toThrow("given up");
    abort.abort(new Error("given up"));
    await aborted;
    expect(clock.pending).toBe(0);
  });
});
