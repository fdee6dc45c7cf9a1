import { LaunchError } from "../../../protocol/index.ts";

/** @returns an error that names the archive's fault */
export function invalidOva(why: string, cause?: unknown): LaunchError {
  const text = `The OVA cannot be imported: ${why}.`;
  return LaunchError.public("OVA_INVALID", text, cause === undefined ? {} : { cause });
}
