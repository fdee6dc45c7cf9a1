import type { LaunchExtension } from "../launch-extension.ts";
import { inScope, removeScope, type ScopeBackend } from "../../system/resource-scope.ts";

/** Limits each machine to its own memory and processors. */
export function resourceLimitsExtension(backend: ScopeBackend): LaunchExtension {
  return {
    prepare: (spec, paths) =>
      Promise.resolve({ wrap: (command) => inScope(command, backend, paths.slot, spec) }),
    release(_spec, paths) {
      removeScope(backend, paths.slot);
      return Promise.resolve();
    },
  };
}
