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

/** Many programs at once, on machines that may be busy. */
const WHOLE_PROGRAMS = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  fileParallelism: false,
  env: { POSTERN_TEST_PATIENCE: "3" },
};

export default defineConfig({
  test: {
    // Most of them wait for something: two at a time pay on two processors, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // No file of these leaves anything behind: they share the modules that are loaded, half of their time.
      project("unit", { isolate: false }),
      project("fuzz", { testTimeout: 120_000, isolate: false }),
      project("contract", { testTimeout: 60_000 }),
      // What `npm run test:compat` runs: many viewers, servers and firewalls, minutes of it.
      project("compat", WHOLE_PROGRAMS),
      // Two at a time: each waits for its own programs most of the time.
      project("e2e", { ...WHOLE_PROGRAMS, fileParallelism: true }),
    ],
  },
});
