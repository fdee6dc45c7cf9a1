import { expect, test } from "vitest";
import { HealthCheck } from "../../../../../web/server/view/health.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

test("X6: however many ask, the database is asked once a second, and the answer follows it", async () => {
  const clock = new ManualClock();
  let asked = 0;
  let works = true;
  const health = new HealthCheck(() => {
    asked += 1;
    return works ? Promise.resolve() : Promise.reject(new Error("away"));
  }, clock);
  const answers = await Promise.all(Array.from({ length: 1000 }, () => health.isHealthy()));
  expect([asked, answers.every(Boolean)]).toEqual([1, true]);
  works = false;
  clock.advance(999);
  expect(await health.isHealthy()).toBe(true);
  clock.advance(1);
  expect(await health.isHealthy()).toBe(false);
  expect(asked).toBe(2);
});
