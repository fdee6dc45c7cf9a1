import { expect, test } from "vitest";
import { createConfirmation } from "../../../../../web/client/state/confirmation.ts";

test("all that wait are answered at once, and whoever comes later is asked anew", async () => {
  const confirmation = createConfirmation();
  expect(confirmation.open.get()).toBe(false);
  const both = Promise.all([confirmation.ask(), confirmation.ask()]);
  expect(confirmation.open.get()).toBe(true);
  confirmation.settle(true);
  expect(await both).toEqual([true, true]);
  expect(confirmation.open.get()).toBe(false);
  const later = confirmation.ask();
  expect(confirmation.open.get()).toBe(true);
  confirmation.settle(false);
  expect(await later).toBe(false);
});

test("an answer that nobody waits for changes nothing", async () => {
  const confirmation = createConfirmation();
  confirmation.settle(true);
  expect(confirmation.open.get()).toBe(false);
  const asked = confirmation.ask();
  confirmation.settle(false);
  expect(await asked).toBe(false);
});
