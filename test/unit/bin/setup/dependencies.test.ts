import { expect, test } from "vitest";
import { loadSetup } from "./load-setup.ts";

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;
const { matchesLock } = await loadSetup<{
  matchesLock(lock: { packages: Packages }, installed: { packages: Packages }): boolean;
}>("dependencies.mjs");

const zod = { version: "4.6.7", integrity: "sha512-a" };
const lock = {
  packages: { "": {}, "node_modules/zod": zod, "node_modules/other-system": { ...zod, optional: true } },
};

test("what the lock file asks for is there; optional packages may be absent", () => {
  expect(matchesLock(lock, { packages: { "node_modules/zod": zod } })).toBe(true);
});

test.each([
  ["another version", { "node_modules/zod": { ...zod, version: "4.6.6" } }],
  ["other contents", { "node_modules/zod": { ...zod, integrity: "sha512-b" } }],
  ["nothing", {}],
])("%s does not match", (_, packages) => {
  expect(matchesLock(lock, { packages })).toBe(false);
});
