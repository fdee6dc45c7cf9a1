import { expect, test } from "vitest";
import { PasskeyChallenges } from "../../../../../../web/server/sign-in/factors/passkey-challenges.ts";
import { ManualClock } from "../../../../../support/manual-clock.ts";

const TEN_MINUTES = 600_000;

async function open(key = "a".repeat(43)) {
  const clock = new ManualClock();
  const spent = new Map<string, number>();
  const steps = {
    useOnce: (value: string, forMs: number) => {
      const isNew = !spent.has(value);
      spent.set(value, clock.now() + forMs);
      return Promise.resolve(isNew);
    },
  };
  const service = {
    get: () => Promise.resolve(key),
    getOrCreate: () => Promise.resolve(key),
    replace: () => Promise.resolve(false),
  };
  const challenges = await PasskeyChallenges.open(service, steps, clock);
  const issue = (purpose: string) => Buffer.from(challenges.issue(purpose)).toString("base64url");
  return { challenges, clock, spent, issue };
}

test("a challenge is good for its purpose, ten minutes, and this service", async () => {
  const { challenges, clock, issue } = await open();
  const challenge = issue("sign-in");
  expect(challenges.check(challenge, "sign-in")).toBe(true);
  expect(challenges.check(challenge, "confirm u-1")).toBe(false);
  expect((await open("b".repeat(43))).challenges.check(challenge, "sign-in")).toBe(false);
  clock.advance(TEN_MINUTES - 1);
  expect(challenges.check(challenge, "sign-in")).toBe(true);
  clock.advance(1);
  expect(challenges.check(challenge, "sign-in")).toBe(false);
});

test("every bit counts, and every length", async () => {
  const { challenges, issue } = await open();
  const bytes = Buffer.from(issue("sign-in"), "base64url");
  for (let index = 0; index < bytes.length; index += 1) {
    const altered = Buffer.from(bytes);
    altered[index]! ^= 1;
    expect(challenges.check(altered.toString("base64url"), "sign-in")).toBe(false);
    expect(challenges.check(bytes.subarray(0, index).toString("base64url"), "sign-in")).toBe(false);
  }
  expect(challenges.check(Buffer.concat([bytes, Buffer.of(0)]).toString("base64url"), "sign-in")).toBe(false);
});

test("it is remembered once it is used, until it has expired, however it is written", async () => {
  const { challenges, clock, spent, issue } = await open();
  const challenge = issue("sign-in");
  issue("sign-in");
  expect(spent.size).toBe(0);
  expect(await challenges.spend(challenge)).toBe(true);
  expect(await challenges.spend(`${challenge}=`)).toBe(false);
  expect([...spent.values()]).toEqual([clock.now() + TEN_MINUTES]);
});
