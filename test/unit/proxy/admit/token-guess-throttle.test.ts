import { describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { TokenGuessThrottle } from "../../../../proxy/admit/token-guess-throttle.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function open(): {
  clock: ManualClock;
  penalties: TokenGuessThrottle;
  guessWrong: (address: string) => void;
} {
  const clock = new ManualClock();
  const penalties = new TokenGuessThrottle(clock);
  return {
    clock,
    penalties,
    guessWrong: (address) => {
      penalties.begin(address).wrong();
    },
  };
}

describe("Penalties", () => {
  it("double from the first guess that is not free, up to the longest", () => {
    const { clock, penalties, guessWrong } = open();
    for (let count = 1; count < PROXY_LIMITS.freeGuesses; count++) guessWrong("192.0.2.1");
    expect(penalties.waitMs("192.0.2.1")).toBe(0);
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      guessWrong("192.0.2.1");
      expect(penalties.waitMs("192.0.2.1")).toBe(wait * 1000);
      expect(() => penalties.begin("192.0.2.1")).toThrow(
        expect.objectContaining({ code: "SOURCE_THROTTLED" }),
      );
      clock.advance(wait * 1000);
      expect(penalties.waitMs("192.0.2.1")).toBe(0);
    }
  });

  it("tell the seconds, rounded up", () => {
    const { clock, penalties, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) guessWrong("192.0.2.1");
    clock.advance(1);
    expect(() => penalties.begin("::ffff:192.0.2.1")).toThrow(
      expect.objectContaining({
        safeMessage: "Too many wrong tokens came from your address. Try again in 1 s.",
      }),
    );
  });

  it("count by IPv4 address and IPv6 /64", () => {
    const { penalties, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) guessWrong(`2001:db8:0:1::${count}`);
    expect(penalties.waitMs("2001:db8::1:ffff:0:0:1")).toBeGreaterThan(0);
    expect(penalties.waitMs("2001:db8:0:2::1")).toBe(0);
    expect(penalties.waitMs("192.0.2.1")).toBe(0);
  });

  it("do not count right guesses, nor forgive for them", () => {
    const { penalties, guessWrong } = open();
    for (let count = 0; count < 100; count++) penalties.begin("192.0.2.1").right();
    expect(penalties.waitMs("192.0.2.1")).toBe(0);
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) {
      guessWrong("192.0.2.2");
      if (count < PROXY_LIMITS.freeGuesses - 1) penalties.begin("192.0.2.2").right();
    }
    expect(penalties.waitMs("192.0.2.2")).toBe(1000);
  });

  it("are not got around by guessing in parallel", () => {
    const { penalties, guessWrong } = open();
    guessWrong("192.0.2.1");
    for (let count = 1; count < PROXY_LIMITS.freeGuesses; count++) penalties.begin("192.0.2.1");
    expect(() => penalties.begin("192.0.2.1")).toThrow(expect.objectContaining({ code: "SOURCE_THROTTLED" }));
    expect(() => penalties.begin("192.0.2.2")).not.toThrow();
  });

  it("are forgotten in time", () => {
    const { clock, penalties, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) guessWrong("192.0.2.1");
    clock.advance(PROXY_LIMITS.penaltyMemoryMs);
    guessWrong("192.0.2.1");
    expect(penalties.waitMs("192.0.2.1")).toBe(0);
  });

  it("have a budget for all sources together, which fills again", () => {
    const { clock, penalties, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.guessBurst; count++)
      guessWrong(`10.0.${count >> 8}.${count & 255}`);
    expect(() => penalties.begin("192.0.2.1")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
    clock.advance(1000);
    for (let count = 0; count < PROXY_LIMITS.guessesPerSecond; count++) guessWrong(`192.0.2.${count}`);
    expect(() => penalties.begin("192.0.2.9")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
  });

  it("ignore a wall clock that jumps", () => {
    const { clock, penalties, guessWrong } = open();
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count++) guessWrong("192.0.2.1");
    clock.setWallClock(clock.now() + 3_600_000);
    expect(penalties.waitMs("192.0.2.1")).toBe(1000);
  });
});
