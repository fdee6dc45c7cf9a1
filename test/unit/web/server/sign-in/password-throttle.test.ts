import { expect, test } from "vitest";
import { ThrottledError } from "../../../../../web/server/http-errors.ts";
import { PasswordThrottle } from "../../../../../web/server/sign-in/password-throttle.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

function open() {
  const clock = new ManualClock();
  const throttle = new PasswordThrottle(clock);
  const isOpen = (address: string, account: string, device: string | null = null) => {
    try {
      throttle.begin({ address, account, device });
      return true;
    } catch (error) {
      if (!(error instanceof ThrottledError)) throw error;
      return false;
    }
  };
  const exhaust = (address: string) => {
    for (let n = 0; n < 5; n += 1) expect(isOpen(address, `name-${address}-${n}`)).toBe(true);
  };
  /** One attempt at each of many names, from ever new sources: more than are remembered. */
  const flood = () => {
    for (let n = 0; n < 26_000; n += 1) isOpen(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, `other ${n}`);
  };
  return { clock, throttle, isOpen, exhaust, flood };
}

test("five attempts are free, then the delay doubles up to a quarter of an hour", () => {
  const { clock, isOpen, exhaust } = open();
  exhaust("192.0.2.1");
  for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
    clock.advance(seconds * 1000 - 1);
    expect(isOpen("192.0.2.1", "x")).toBe(false);
    clock.advance(1);
    expect(isOpen("192.0.2.1", `y${seconds}`)).toBe(true);
  }
});

test("another source is not held up, and an hour of silence is forgiven", () => {
  const { clock, isOpen, exhaust } = open();
  exhaust("192.0.2.1");
  expect(isOpen("192.0.2.1", "a")).toBe(false);
  expect(isOpen("192.0.2.2", "a")).toBe(true);
  clock.advance(3600_000);
  exhaust("192.0.2.1");
});

test("an IPv6 source is its /64, however it is written; a mapped IPv4 address is that address", () => {
  const { isOpen, exhaust } = open();
  exhaust("2001:db8:0:1::5");
  expect(isOpen("2001:db8:0:1:ffff::9", "a")).toBe(false);
  expect(isOpen("2001:0db8:0000:0001::1", "a")).toBe(false);
  expect(isOpen("2001:db8:0:2::5", "a")).toBe(true);
  expect(isOpen("2001:db8::1:0:0:1", "b")).toBe(true);
  exhaust("192.0.2.7");
  expect(isOpen("::ffff:192.0.2.7", "c")).toBe(false);
});

test("one account is held up over many sources, for a minute at most; capitals are no way around", () => {
  const { clock, isOpen } = open();
  for (let n = 0; n < 10; n += 1) expect(isOpen(`192.0.2.${n}`, "Anna")).toBe(true);
  expect(isOpen("198.51.100.1", "anna")).toBe(false);
  expect(isOpen("198.51.100.1", "ben")).toBe(true);
  for (let n = 0; n < 20; n += 1) {
    clock.advance(60_000);
    expect(isOpen(`203.0.113.${n}`, "ANNA")).toBe(true);
  }
});

test("X7: throttled attempts leave no trace, and what blocks is not forgotten for others", () => {
  const { clock, isOpen, exhaust, flood } = open();
  exhaust("192.0.2.1");
  exhaust("192.0.2.2");
  // The second source is held up as well: whatever it sends now, the first one's wait stays.
  const passed = Array.from({ length: 10_050 }, (_, n) => isOpen("192.0.2.2", `made up ${n}`));
  expect(passed).not.toContain(true);
  expect(isOpen("192.0.2.1", "victim")).toBe(false);
  // Attempts that count, from ever new sources, push out only what holds nobody up.
  flood();
  expect(isOpen("192.0.2.1", "victim")).toBe(false);
  clock.advance(1000);
  expect(isOpen("192.0.2.1", "victim")).toBe(true);
  clock.advance(1999);
  expect(isOpen("192.0.2.1", "victim")).toBe(false);
});

test.each([9, 12])("X7: a flood at other names gives nothing back after %i attempts at one", (attempts) => {
  const { clock, isOpen, flood } = open();
  for (let n = 0; n < attempts; n += 1) {
    if (n >= 10) clock.advance(60_000);
    expect(isOpen(`192.0.2.${n}`, "anna")).toBe(true);
  }
  clock.advance(60_000);
  flood();
  expect(isOpen("198.51.100.1", "anna")).toBe(true);
  expect(isOpen("198.51.100.2", "anna")).toBe(false);
});

test("X8: who has signed in from a source or a device before does not share the account's wait", () => {
  const { clock, throttle, isOpen } = open();
  expect(isOpen("192.0.2.1", "bob")).toBe(true);
  throttle.succeed({ address: "192.0.2.1", account: "bob" });
  for (let n = 0; n < 10; n += 1) expect(isOpen(`198.51.100.${n}`, "Bob")).toBe(true);
  expect(isOpen("203.0.113.1", "bob")).toBe(false);
  expect(isOpen("192.0.2.1", "BOB")).toBe(true);
  throttle.succeed({ address: "192.0.2.1", account: "bob" });
  expect(isOpen("203.0.113.1", "bob")).toBe(false);
  expect(isOpen("203.0.113.1", "bob", "device-1")).toBe(true);
  // The exemption is the account's, and no way to guess without end.
  expect(isOpen("192.0.2.1", "anna")).toBe(true);
  let guesses = 1;
  for (let n = 0; n < 100; n += 1) if (isOpen(`203.0.113.${n + 2}`, "bob", "device-1")) guesses += 1;
  expect(guesses).toBe(10);
  clock.advance(31 * 86_400_000);
  for (let n = 0; n < 10; n += 1) expect(isOpen(`198.51.100.${n}`, "bob")).toBe(true);
  expect(isOpen("192.0.2.1", "bob")).toBe(false);
});

test("a right password clears the account but not the source's record", () => {
  const { clock, throttle, isOpen, exhaust } = open();
  exhaust("192.0.2.1");
  clock.advance(1000);
  expect(isOpen("192.0.2.1", "own")).toBe(true);
  throttle.succeed({ address: "192.0.2.1", account: "own" });
  expect(isOpen("192.0.2.1", "victim")).toBe(true);
  clock.advance(1000);
  expect(isOpen("192.0.2.1", "victim")).toBe(false);
});
