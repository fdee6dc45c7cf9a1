import { expect, test } from "vitest";
import { MailBudget } from "../../../../../../web/server/sign-in/providers/mail-budget.ts";
import { ManualClock } from "../../../../../support/manual-clock.ts";

const WINDOW_MS = 600_000;

function open() {
  const clock = new ManualClock();
  const budget = new MailBudget(clock);
  const take = (key: string, hasAccount = true, device: string | null = null) =>
    budget.take({ key, hasAccount, device });
  return { clock, take };
}

test("three to one account within ten minutes, each until it is that old", () => {
  const { clock, take } = open();
  expect([1, 2].map(() => take("anna"))).toEqual([true, true]);
  clock.advance(WINDOW_MS / 2);
  expect([1, 2].map(() => take("anna"))).toEqual([true, false]);
  expect(take("ben")).toBe(true);
  clock.advance(WINDOW_MS / 2);
  expect([1, 2, 3].map(() => take("anna"))).toEqual([true, true, false]);
});

test("a browser of the account's own has its own three, whatever strangers do", () => {
  const { take } = open();
  for (let index = 0; index < 600; index += 1) take(`account-${index}`);
  expect(take("anna")).toBe(false);
  expect([1, 2, 3, 4].map(() => take("anna", true, "device"))).toEqual([true, true, true, false]);
});

test("addresses without an account use up nothing of what accounts have", () => {
  const { take } = open();
  const strangers = Array.from({ length: 101 }, (_one, index) => take(`${index}@example.org`, false));
  expect(strangers.filter((isTaken) => isTaken)).toHaveLength(100);
  const accounts = Array.from({ length: 501 }, (_one, index) => take(`account-${index}`));
  expect(accounts.filter((isTaken) => isTaken)).toHaveLength(500);
});
