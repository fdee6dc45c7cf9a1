import { describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { TokenGuessThrottle, type Guess } from "../../../../proxy/limits/token-guess-throttle.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function open(): {
  clock: ManualClock;
  throttle: TokenGuessThrottle;
  guessWrong: (address: string) => Promise<void>;
} {
  const clock = new ManualClock();
  const throttle = new TokenGuessThrottle(clock);
  return {
    clock,
    throttle,
    guessWrong: async (address) => {
      (await throttle.begin(address)).wrong();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const THROTTLED: unknown = expect.objectContaining({ code: "SOURCE_THROTTLED" });
const BUSY: unknown = expect.objectContaining({ code: "SERVER_BUSY" });

/** One wrong token each of so many networks. */
async function guessFromManyNetworks(throttle: TokenGuessThrottle, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) (await throttle.begin(`10.${n >> 8}.${n & 255}.1`)).wrong();
}

describe("waits for wrong tokens", () => {
  it("double from the first guess that is not free, up to the longest", async () => {
    const { clock, throttle, guessWrong } = open();
    for (let count = 1; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong("192.0.2.1");
    expect(throttle.waitMs("192.0.2.1")).toBe(0);
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      await guessWrong("192.0.2.1");
      expect(throttle.waitMs("192.0.2.1")).toBe(wait * 1000);
      await expect(throttle.begin("192.0.2.1")).rejects.toEqual(THROTTLED);
      clock.advance(wait * 1000);
      expect(throttle.waitMs("192.0.2.1")).toBe(0);
    }
  });

  it("tell the seconds, rounded up", async () => {
    const { clock, throttle, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong("192.0.2.1");
    clock.advance(1);
    const safeMessage = "Too many wrong tokens came from your address. Try again in 1 s.";
    await expect(throttle.begin("::ffff:192.0.2.1")).rejects.toMatchObject({ safeMessage });
  });

  it("count by IPv4 address and IPv6 /64", async () => {
    const { throttle, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong(`2001:db8:0:1::${count}`);
    expect(throttle.waitMs("2001:db8::1:ffff:0:0:1")).toBeGreaterThan(0);
    expect(throttle.waitMs("2001:db8:0:2::1")).toBe(0);
    expect(throttle.waitMs("192.0.2.1")).toBe(0);
  });

  it("do not count right guesses or those that could not be checked, nor forgive for them", async () => {
    const { throttle, guessWrong } = open();
    for (let count = 0; count < 100; count++) (await throttle.begin("192.0.2.1")).right();
    for (let count = 0; count < 400; count++) (await throttle.begin("192.0.2.3")).withdraw();
    expect(throttle.waitMs("192.0.2.1")).toBe(0);
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) {
      await guessWrong("192.0.2.2");
      if (count < PROXY_LIMITS.freeGuesses - 1) (await throttle.begin("192.0.2.2")).right();
    }
    expect(throttle.waitMs("192.0.2.2")).toBe(1000);
  });

  it("X9: guesses under way count as wrong until they are settled, and the others wait for them", async () => {
    const { throttle } = open();
    const begun: Guess[] = [];
    const refused: unknown[] = [];
    const all = Array.from({ length: 250 }, () =>
      throttle.begin("192.0.2.1").then(
        (guess) => begun.push(guess),
        (error: unknown) => refused.push(error),
      ),
    );
    await settled();
    expect([begun.length, refused.length]).toEqual([PROXY_LIMITS.freeGuesses, 0]);
    // A right one makes room for the next: many people behind one address are not turned away.
    begun[0]!.right();
    await settled();
    expect([begun.length, refused.length]).toEqual([PROXY_LIMITS.freeGuesses + 1, 0]);
    for (const guess of begun) guess.wrong();
    await Promise.all(all);
    expect([begun.length, refused.length]).toEqual([PROXY_LIMITS.freeGuesses + 1, 250 - begun.length]);
    expect(refused[0]).toEqual(THROTTLED);
  });

  it("X6: a failed key agreement counts as a wrong token of its source, and of nobody else", async () => {
    const { throttle, guessWrong } = open();
    for (let count = 0; count < 1000; count++) throttle.countFailure("192.0.2.1");
    expect(throttle.waitMs("192.0.2.1")).toBe(PROXY_LIMITS.longestPenaltyMs);
    await guessWrong("192.0.2.2");
    await guessWrong("198.51.100.1");
  });

  it("are forgotten in time", async () => {
    const { clock, throttle, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong("192.0.2.1");
    clock.advance(PROXY_LIMITS.penaltyMemoryMs);
    await guessWrong("192.0.2.1");
    expect(throttle.waitMs("192.0.2.1")).toBe(0);
  });

  it("ignore a wall clock that jumps", async () => {
    const { clock, throttle, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong("192.0.2.1");
    clock.setWallClock(clock.now() + 3_600_000);
    expect(throttle.waitMs("192.0.2.1")).toBe(1000);
  });
});

describe("the budget of all sources", () => {
  it("is used up by wrong tokens and fills again; the true wait is told", async () => {
    const { clock, throttle } = open();
    await guessFromManyNetworks(throttle, PROXY_LIMITS.guessBurst);
    const refusal = throttle.begin("192.0.2.1");
    await expect(refusal).rejects.toEqual(BUSY);
    await expect(refusal).rejects.toMatchObject({ safeMessage: expect.stringContaining("in 1 s") as string });
    clock.advance(1000 / PROXY_LIMITS.guessesPerSecond);
    (await throttle.begin("192.0.2.1")).wrong();
    await expect(throttle.begin("192.0.2.2")).rejects.toEqual(BUSY);
  });

  it("X9: does not fall below zero by guesses at once: after a moment somebody else gets in", async () => {
    const { clock, throttle } = open();
    const started = await Promise.allSettled(
      Array.from({ length: 3 * PROXY_LIMITS.guessBurst }, (_, n) =>
        throttle.begin(`10.${n >> 8}.${n & 255}.1`),
      ),
    );
    const guesses = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(guesses).toHaveLength(PROXY_LIMITS.guessBurst);
    for (const guess of guesses) guess.wrong();
    clock.advance(1000 / PROXY_LIMITS.guessesPerSecond);
    (await throttle.begin("192.0.2.1")).right();
  });

  it("X9: one network can use only a part of it", async () => {
    const { clock, throttle, guessWrong } = open();
    for (let n = 0; n < PROXY_LIMITS.networkGuessBurst; n += 1) await guessWrong(`2001:db8:0:${n}::1`);
    const wait = 1000 / PROXY_LIMITS.networkGuessesPerSecond;
    await expect(throttle.begin("2001:db8:0:ffff::1")).rejects.toEqual(THROTTLED);
    await guessWrong("2001:db8:1::1");
    clock.advance(wait);
    await guessWrong("2001:db8:0:ffff::1");
  });

  it("X9: sources with a recent right token have a reserve, in a network that has used up its part, too", async () => {
    const { clock, throttle, guessWrong } = open();
    (await throttle.begin("192.0.2.1")).right();
    (await throttle.begin("2001:db8:0:1::1")).right();
    for (let n = 0; n < PROXY_LIMITS.networkGuessBurst; n += 1) await guessWrong(`2001:db8:0:${n + 9}::1`);
    await guessFromManyNetworks(throttle, PROXY_LIMITS.guessBurst - PROXY_LIMITS.networkGuessBurst);
    await expect(throttle.begin("192.0.2.2")).rejects.toEqual(BUSY);
    (await throttle.begin("192.0.2.1")).right();
    (await throttle.begin("2001:db8:0:1::9")).right();
    clock.advance(PROXY_LIMITS.recentRightMs);
    await guessFromManyNetworks(throttle, PROXY_LIMITS.guessBurst);
    await expect(throttle.begin("192.0.2.1")).rejects.toEqual(BUSY);
  });
});

it("X7: what blocks is never forgotten for others", async () => {
  const { clock, throttle, guessWrong } = open();
  for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) await guessWrong("192.0.2.1");
  for (let n = 0; n < PROXY_LIMITS.penaltySources + 10; n += 1) {
    throttle.countFailure(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
  }
  expect(throttle.waitMs("192.0.2.1")).toBe(1000);
  clock.advance(1);
  expect(throttle.waitMs("192.0.2.1")).toBe(999);
});
