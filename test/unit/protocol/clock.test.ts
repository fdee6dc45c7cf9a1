import { expect, test } from "vitest";
import { makeMonotonicClock, systemClock } from "../../../protocol/clock.ts";

function makeComputer() {
  const time = { wall: 1_700_000_000_000, running: 5_000, uptime: 90_000 };
  const monotonic = makeMonotonicClock({
    wall: () => time.wall,
    running: () => time.running,
    uptime: () => time.uptime,
  });
  const run = (ms: number) => {
    time.wall += ms;
    time.running += ms;
    time.uptime += ms;
  };
  const suspend = (ms: number) => {
    time.wall += ms;
    time.uptime += ms;
  };
  return { time, monotonic, run, suspend };
}

test("the time that a computer was suspended counts, at once", () => {
  const { monotonic, run, suspend } = makeComputer();
  const before = monotonic();
  run(700);
  expect(monotonic() - before).toBe(700);
  suspend(60_000);
  expect(monotonic() - before).toBe(60_700);
  run(10);
  suspend(3_000);
  expect(monotonic() - before).toBe(63_710);
});

test("a wall clock that is set, forwards or back, moves nothing", () => {
  const { time, monotonic, run, suspend } = makeComputer();
  const before = monotonic();
  time.wall += 3_600_000;
  expect(monotonic()).toBe(before);
  time.wall -= 86_400_000;
  expect(monotonic()).toBe(before);
  suspend(20_000);
  time.uptime -= 15;
  time.wall += 5_000;
  expect(monotonic() - before).toBe(19_985);
  run(5);
  time.uptime -= 30;
  time.wall -= 50_000;
  expect(monotonic() - before).toBe(19_990);
});

test("a time server's slow corrections move nothing", () => {
  const { time, monotonic, run } = makeComputer();
  const before = monotonic();
  for (let step = 0; step < 100; step += 1) {
    run(1000);
    time.wall += 40;
    expect(monotonic() - before).toBe(1000 * (step + 1));
  }
});

test("the system's goes forwards", () => {
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
});
