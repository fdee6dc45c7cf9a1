import { RequestError } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { checkScriptLength, checkScriptRoute } from "./plan-scripts.ts";
import { readCustomizeCommands } from "./customize/customize-commands.ts";
import { checkCustomizer } from "./customize/customize-disk.ts";
import { findCustomizableDisk, readScripts } from "./prepare-scripts.ts";

/** What a host's administrator decides about boot scripts. */
export interface ScriptPolicy {
  /** The folder of scripts that are given as paths. */
  readonly folder: string;
  /** `HOST` or `HOST:PORT` that URLs may name although they are this host or its neighbours. */
  readonly allowHosts: readonly string[];
  /** Whether virt-customize may reach the network, and with it whatever this host reaches. */
  readonly network: boolean;
}

type Scripted = Pick<MachineSpec, "boot" | "master" | "scripts" | "scriptRoute">;

/**
 * Refuses boot scripts that this host could never run. What depends on a condition, or is not loaded yet, fails when
 * the machine is prepared.
 * @param policy null: none run on this host
 * @param customizer virt-customize; null: it is not installed
 * @throws RequestError `HOST_SCRIPT`; LaunchError `SCRIPT_CONDITION`, `SCRIPT_KIND`, `SCRIPT_PASSWORD`, `SCRIPT_ROUTE`,
 *   `SCRIPT_OPTION`, `SCRIPT_LONG`, `SCRIPT_DISK`, `SCRIPT_CUSTOMIZER`
 */
export function checkScripts(spec: Scripted, policy: ScriptPolicy | null, customizer: string | null): void {
  const scripts = readScripts(spec);
  if (scripts.length === 0) return;
  if (policy === null) {
    const text =
      "boot script: this host does not run boot scripts. Leave it out, or have the host started with --boot-scripts.";
    throw RequestError.public("HOST_SCRIPT", text);
  }
  checkScriptRoute(spec.scriptRoute);
  for (const { condition, source } of scripts) {
    if (source.kind === "text") checkScriptLength(source.text);
    if (source.kind === "customize") readCustomizeCommands(source.commands, policy.network);
    if (condition !== null || (source.kind !== "customize" && spec.scriptRoute !== "virt-customize"))
      continue;
    findCustomizableDisk(spec);
    checkCustomizer(customizer);
  }
}
