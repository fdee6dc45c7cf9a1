import type { Outfitter } from "./outfit.ts";
import { inScope, leaveScope, type ScopeKeeper } from "./scope.ts";

/** Keeps each machine within the memory and the processors that it was promised. */
export function scopeOutfitter(keeper: ScopeKeeper): Outfitter {
  return {
    prepare: (spec, paths) =>
      Promise.resolve({ wrap: (command) => inScope(command, keeper, paths.slot, spec) }),
    release(_spec, paths) {
      leaveScope(keeper, paths.slot);
      return Promise.resolve();
    },
  };
}
