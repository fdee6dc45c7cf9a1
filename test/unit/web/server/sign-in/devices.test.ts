import { expect, test } from "vitest";
import type { Stores } from "../../../../../proxy/index.ts";
import { Devices } from "../../../../../web/server/sign-in/devices.ts";

/** A service store that keeps one value. */
function openService(): Stores["service"] {
  let kept: string | undefined;
  return {
    getOrCreate: async (_name: string, make: () => string | Promise<string>) => (kept ??= await make()),
  } as unknown as Stores["service"];
}

test("X8: a device is one account's, after a restart too, and nobody makes one up", async () => {
  const service = openService();
  const devices = await Devices.open(service);
  const cookie = devices.issue("Anna");
  const id = devices.find(cookie, "anna");
  expect(id).toMatch(/^[\w-]{22}$/);
  expect(devices.find(cookie, "ben")).toBeNull();
  expect((await Devices.open(service)).find(cookie, "ANNA")).toBe(id);
  expect((await Devices.open(openService())).find(cookie, "anna")).toBeNull();
  expect(devices.issue("anna", id!)).toBe(cookie);
  const last = cookie.endsWith("A") ? "B" : "A";
  for (const made of [undefined, "", `${"A".repeat(22)}.${"A".repeat(43)}`, `${cookie.slice(0, -2)}${last}A`])
    expect(devices.find(made, "anna")).toBeNull();
});
