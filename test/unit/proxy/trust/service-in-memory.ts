import type { ServiceStore } from "../../../../proxy/state/stores.ts";

/** A service store that lives as long as the test. */
export function createServiceInMemory(): ServiceStore {
  const values = new Map<string, string>();
  return {
    get: (name) => Promise.resolve(values.get(name) ?? null),
    async getOrCreate(name, make) {
      const made = values.get(name) ?? (await make());
      values.set(name, values.get(name) ?? made);
      return values.get(name) ?? made;
    },
    replace(name, expected, value) {
      const isThere = values.get(name) === expected;
      if (isThere) values.set(name, value);
      return Promise.resolve(isThere);
    },
  };
}
