import { pino } from "pino";
import { expect, test } from "vitest";
import { ProviderTests } from "../../../../../web/server/sign-in/provider-tests.ts";
import type { OpenProvider, ProviderCheck } from "../../../../../web/server/sign-in/providers/index.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const RIGHT: ProviderCheck = { works: true, text: { en: "It works.", fr: "Tout va bien." } };

function open(check?: () => Promise<ProviderCheck>) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  const provider: OpenProvider = {
    id: "campus",
    kind: "ldap",
    admission: { create: true, viewers: true, denyGroups: [], denyPeople: [] },
    provider: { form: { fields: [], buttons: [] }, ...(check && { check }) },
  };
  return { clock, lines, tests: new ProviderTests({ providers: [provider], clock, log }) };
}

test("a provider is tested by one at a time, and again two seconds later", async () => {
  let asked = 0;
  let finish = (): void => undefined;
  const { clock, tests } = open(() => {
    asked += 1;
    return new Promise((resolve) => {
      finish = () => {
        resolve(RIGHT);
      };
    });
  });
  const first = tests.run("campus");
  await expect(tests.run("campus")).rejects.toMatchObject({ code: "LOGIN_THROTTLED", retryAfterMs: 2000 });
  clock.advance(300);
  finish();
  expect(await first).toEqual({ ...RIGHT, milliseconds: 300 });
  clock.advance(1999);
  await expect(tests.run("campus")).rejects.toMatchObject({ code: "LOGIN_THROTTLED" });
  clock.advance(1);
  const second = tests.run("campus");
  finish();
  expect(await second).toMatchObject({ works: true });
  expect(asked).toBe(2);
});

test("one that never answers is given up after twelve seconds, in words", async () => {
  const { clock, tests } = open(() => new Promise(() => undefined));
  const answer = tests.run("campus");
  clock.advance(12_000);
  expect(await answer).toMatchObject({
    works: false,
    text: { en: expect.stringContaining("did not answer within 12 seconds") },
    milliseconds: 12_000,
  });
});

test("a fault of ours is in the log, and not in the answer", async () => {
  const { lines, tests } = open(() => Promise.reject(new Error("the secret is hunter2")));
  const answer = await tests.run("campus");
  expect(answer.works).toBe(false);
  expect(JSON.stringify(answer)).not.toContain("hunter2");
  expect(lines.join("")).toContain('"event":"sign-in.fault"');
});

test("what is not there, or has nothing to test, is said so", async () => {
  const refused = { code: "SIGN_IN_PROVIDER_UNKNOWN" };
  await expect(open().tests.run("campus")).rejects.toMatchObject(refused);
  await expect(open(() => Promise.resolve(RIGHT)).tests.run("else")).rejects.toMatchObject(refused);
});
