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
  };
}
