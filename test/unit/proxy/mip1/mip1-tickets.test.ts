import { expect, test } from "vitest";
import { mip1 } from "../../../../protocol/index.ts";
import { Mip1Tickets } from "../../../../proxy/mip1/mip1-tickets.ts";
import { ViewerRefusal } from "../../../../proxy/model/viewer-refusal.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";

const holder = {};
const ADDRESS = "192.0.2.7";
const never = new AbortController().signal;
const [connection, other] = createDuplexPair();

test("a ticket is within the specification's range, and no two are alike at one time", () => {
  const tickets = new Mip1Tickets(new ManualClock());
  const drawn = Array.from({ length: 1_000 }, () => {
    const { ticket, connection: arriving } = tickets.expect(holder, new AbortController().signal, {
      bearer: ADDRESS,
    });
    arriving.catch(() => undefined);
    return ticket;
  });
  expect(new Set(drawn).size).toBe(1_000);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(mip1.MIP1_LIMITS.ticket);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(() => tickets.expect(holder, never, { bearer: ADDRESS })).toThrow(/HOST_BUSY/);
  tickets.failAll(holder);
});

test("it works once, and only from the address of its agent", async () => {
  const tickets = new Mip1Tickets(new ManualClock());
  const { ticket, connection: arriving } = tickets.expect(holder, never, { bearer: ADDRESS });
  expect(tickets.redeem(ticket, other, "192.0.2.8")).toBe(false);
  expect(tickets.redeem((ticket + 1) % 65_536, other, ADDRESS)).toBe(false);
  expect(tickets.redeem(ticket, connection, ADDRESS)).toBe(true);
  expect(tickets.redeem(ticket, other, ADDRESS)).toBe(false);
  expect(await arriving).toBe(connection);
});

test("it expires after 10 s", async () => {
  const clock = new ManualClock();
  const tickets = new Mip1Tickets(clock);
  const { ticket, connection: arriving } = tickets.expect(holder, never, { bearer: ADDRESS });
  const refused = expect(arriving).rejects.toMatchObject({ code: "HOST_TIMEOUT" });
  clock.advance(10_000);
  await refused;
  expect(tickets.redeem(ticket, connection, ADDRESS)).toBe(false);
});

test("only the connection that was asked can fail it, or its end, or the viewer's", async () => {
  const tickets = new Mip1Tickets(new ManualClock());
  const abort = new AbortController();
  const asked = tickets.expect(holder, never, { bearer: ADDRESS });
  const lost = tickets.expect(holder, never, { bearer: ADDRESS });
  const left = tickets.expect({}, abort.signal, { bearer: ADDRESS });
  const ends = Promise.all([
    expect(asked.connection).rejects.toMatchObject({ code: "DESKTOP_UNREACHABLE" }),
    expect(lost.connection).rejects.toMatchObject({ code: "HOST_OFFLINE" }),
    expect(left.connection).rejects.toMatchObject({ code: "SERVER_STOPPING" }),
  ]);
  tickets.fail({}, asked.ticket, new ViewerRefusal("INTERNAL"));
  tickets.fail(holder, asked.ticket, new ViewerRefusal("DESKTOP_UNREACHABLE"));
  tickets.failAll(holder);
  abort.abort(new ViewerRefusal("SERVER_STOPPING"));
  await ends;
});
