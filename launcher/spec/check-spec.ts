import { RequestError } from "../../protocol/index.ts";
import { findBaseConflict } from "./base-use.ts";
import type { MachineSpec } from "./machine-spec.ts";

/**
 * What speaks against a machine beside the others of its host.
 * @throws RequestError `IMAGE_IN_USE`
 */
export function checkSpec(spec: MachineSpec, others: readonly MachineSpec[]): void {
  const conflict = findBaseConflict(spec, others);
  if (conflict !== null) throw new RequestError("IMAGE_IN_USE", conflict, { safeMessage: conflict });
}
