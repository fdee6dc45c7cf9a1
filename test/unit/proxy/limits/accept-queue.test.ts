import { describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { AcceptQueue } from "../../../../proxy/limits/accept-queue.ts";

function makeAcceptQueue() {
  let now = 0;
  const turns: (() => void)[] = [];
  const entered: number[] = [];
  const turnstile = new AcceptQueue({ monotonic: () => now, yieldTo: (next) => turns.push(next) });
  return {
    entered,
    turns,
    /** A newcomer that takes so long. */
    pass: (id: number, ms: number) =>
      turnstile.enqueue(() => {
        entered.push(id);
        now += ms;
      }),
    turn: () => turns.shift()!(),
  };
}

describe("newcomers", () => {
  it("who come alone enter at once", () => {
    const { pass, turn, turns, entered } = makeAcceptQueue();
    pass(1, 0.5);
    expect(entered).toEqual([1]);
    turn();
    expect(turns).toEqual([]);
    pass(2, 0.5);
    expect(entered).toEqual([1, 2]);
  });

  it("wait in their order for as many turns as they need, each of the limit's length", () => {
    const { pass, turn, turns, entered } = makeAcceptQueue();
    const perTurn = PROXY_LIMITS.acceptSliceMs / 0.5;
    pass(0, 0.5);
    const last = 2 * perTurn + 1;
    for (let id = 1; id <= last; id += 1) pass(id, 0.5);
    expect(entered).toHaveLength(1);
    for (const held of [1 + perTurn, 1 + 2 * perTurn, last + 1]) {
      turn();
      expect(entered).toHaveLength(held);
    }
    expect(entered).toEqual(Array.from({ length: last + 1 }, (_, id) => id));
    turn();
    expect(turns).toEqual([]);
  });

  it("who take longer than a turn enter one by one", () => {
    const { pass, turn, entered } = makeAcceptQueue();
    for (let id = 0; id < 3; id += 1) pass(id, PROXY_LIMITS.acceptSliceMs + 1);
    expect(entered).toEqual([0]);
    turn();
    expect(entered).toEqual([0, 1]);
  });

  it("X6: of several networks take turns, so that one that brings many holds up itself", () => {
    const turns: (() => void)[] = [];
    const entered: string[] = [];
    let now = 0;
    const queue = new AcceptQueue({ monotonic: () => now, yieldTo: (next) => turns.push(next) });
    const enqueue = (name: string, network: string): void => {
      queue.enqueue(() => {
        now += PROXY_LIMITS.acceptSliceMs;
        entered.push(name);
      }, network);
    };
    for (let n = 0; n < 5; n += 1) enqueue(`stranger ${n}`, "198.51.100.0/24");
    enqueue("anna", "192.0.2.0/24");
    enqueue("ben", "203.0.113.0/24");
    while (turns.length > 0) turns.shift()!();
    expect(entered.slice(0, 4)).toEqual(["stranger 0", "stranger 1", "anna", "ben"]);
    expect(entered).toHaveLength(7);
  });

  it("may bring others", () => {
    const { turns, turn } = makeAcceptQueue();
    const entered: string[] = [];
    const turnstile = new AcceptQueue({ monotonic: () => 0, yieldTo: (next) => turns.push(next) });
    turnstile.enqueue(() => {
      entered.push("first");
      turnstile.enqueue(() => entered.push("second"));
    });
    if (turns.length > 0) turn();
    expect(entered).toEqual(["first", "second"]);
  });
});
