import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const project = (name: string, overrides: Record<string, unknown> = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: "node",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    ...overrides,
  },
});

export default defineConfig({
  test: {
    // Most of them wait for something: two at a time pay on two processors, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project("unit"),
      project("fuzz", { testTimeout: 120_000 }),
      project("contract", { testTimeout: 60_000 }),
      // What `npm run test:compat` runs: many viewers, servers and firewalls, minutes of it.
      project("compat", { testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false }),
      project("e2e", { testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false }),
    ],
  },
});
