import type { LaunchExtension } from "../launch-extension.ts";
import { inScope, removeScope, type ScopeBackend } from "../../system/resource-scope.ts";

/** Keeps each machine within the memory and the processors that it was promised. */
export function resourceLimitsExtension(keeper: ScopeBackend): LaunchExtension {
  return {
    prepare: (spec, paths) =>
      Promise.resolve({ wrap: (command) => inScope(command, keeper, paths.slot, spec) }),
    release(_spec, paths) {
      removeScope(keeper, paths.slot);
      return Promise.resolve();
    },
  };
}
