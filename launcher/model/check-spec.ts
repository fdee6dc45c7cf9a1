import { RequestError } from "../../protocol/index.ts";
import { findBaseImageConflict } from "./base-image-conflict.ts";
import type { MachineSpec } from "./machine-spec.ts";

/**
 * What speaks against a machine beside the others of its host.
 * @throws RequestError `IMAGE_IN_USE`
 */
export function checkMachineSpec(spec: MachineSpec, others: readonly MachineSpec[]): void {
  const conflict = findBaseImageConflict(spec, others);
  if (conflict !== null) throw RequestError.public("IMAGE_IN_USE", conflict);
}
