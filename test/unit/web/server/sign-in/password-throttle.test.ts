import { expect, test } from "vitest";
import { PasswordThrottle } from "../../../../../web/server/sign-in/password-throttle.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

function open() {
  const clock = new ManualClock();
  const throttle = new PasswordThrottle(clock);
  const isOpen = (address: string, account: string) => {
    try {
      throttle.begin(address, account);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "LOGIN_THROTTLED" });
      return false;
    }
  };
  const exhaust = (address: string) => {
    for (let n = 0; n < 5; n += 1) expect(isOpen(address, `name-${address}-${n}`)).toBe(true);
  };
  return { clock, throttle, isOpen, exhaust };
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

test("a right password clears the account but not the source's record", () => {
  const { clock, throttle, isOpen, exhaust } = open();
  exhaust("192.0.2.1");
  clock.advance(1000);
  expect(isOpen("192.0.2.1", "own")).toBe(true);
  throttle.succeed("192.0.2.1", "own");
  expect(isOpen("192.0.2.1", "victim")).toBe(true);
  clock.advance(1000);
  expect(isOpen("192.0.2.1", "victim")).toBe(false);
});
