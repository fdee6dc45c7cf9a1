import { expect, test } from "vitest";
import { AgentFramePace } from "../../../../proxy/agents/agent-frame-pace.ts";

function open() {
  let now = 0;
  const turns: (() => void)[] = [];
  const pace = new AgentFramePace({ monotonic: () => now, yieldTo: (next) => turns.push(next) });
  return {
    pace,
    pass: (ms: number) => (now += ms),
    turn: () => {
      for (const next of turns.splice(0)) next();
    },
  };
}

test("a turn's time is used up after the slice, and the next turn has its own", () => {
  const { pace, pass, turn } = open();
  expect(pace.isSpent()).toBe(false);
  pass(1.9);
  expect(pace.isSpent()).toBe(false);
  pass(0.1);
  expect(pace.isSpent()).toBe(true);
  turn();
  expect(pace.isSpent()).toBe(false);
});

test("those who wait come one in each turn, in their order", () => {
  const { pace, turn } = open();
  const came: string[] = [];
  const busy = (name: string) => () => {
    came.push(name);
    if (came.length < 6) pace.later(busy(name));
  };
  pace.later(busy("a"));
  pace.later(busy("b"));
  for (let index = 1; index <= 6; index += 1) {
    turn();
    expect(came).toHaveLength(index);
  }
  expect(came.join("")).toBe("ababab");
});
