import type { ScriptRoute } from "../../protocol/index.ts";
import { readCustomizeCommands } from "./customize/customize-commands.ts";
import { scriptError } from "./script-error.ts";
import { exportSymbols, fillInSymbols, isPersonal, type ScriptSymbols } from "./script-symbols.ts";

export const MAX_SCRIPT_BYTES = 65_536;

/** A script whose text is loaded. */
export interface LoadedScript {
  readonly kind: "text" | "customize";
  readonly text: string;
}

/** One change that virt-customize makes. */
export type DiskChange =
  | { readonly kind: "command"; readonly line: string }
  /** Runs in the guest when it boots for the first time. */
  | { readonly kind: "firstboot"; readonly script: string };

interface ScriptPlan {
  /** For the seed, in the order they run. */
  readonly seed: readonly string[];
  /** For virt-customize, in order. */
  readonly changes: readonly DiskChange[];
  /** Whether the changed disk is for one machine only. */
  readonly personal: boolean;
}

/**
 * Assigns each script its route, with the symbols filled in: commands of virt-customize change the disk, all others run
 * in the guest, by cloud-init or by libguestfs's service of the first boot.
 * @throws LaunchError `SCRIPT_ROUTE`, `SCRIPT_OPTION`, `SCRIPT_LONG`
 */
export function planScripts(
  route: ScriptRoute,
  scripts: readonly LoadedScript[],
  symbols: ScriptSymbols,
  network: boolean,
): ScriptPlan {
  if (scripts.length > 0) checkScriptRoute(route);
  const seed: string[] = [];
  const changes: DiskChange[] = [];
  for (const { kind, text } of scripts) {
    if (kind === "customize") {
      const lines = readCustomizeCommands(fillInSymbols(checkScriptLength(text), symbols), network);
      changes.push(...lines.map((line) => ({ kind: "command", line }) as const));
      continue;
    }
    const script = checkScriptLength(writeScript(text, symbols));
    if (route === "cloud-init") seed.push(script);
    else changes.push({ kind: "firstboot", script });
  }
  const changing = scripts.filter(({ kind }) => kind === "customize" || route === "virt-customize");
  return { seed, changes, personal: changing.some(({ text }) => isPersonal(text)) };
}

/** Shells also find the exact values of the symbols in their environment. */
function writeScript(text: string, symbols: ScriptSymbols): string {
  const filled = fillInSymbols(text, symbols);
  const end = filled.indexOf("\n");
  const [first, rest] = end < 0 ? [filled, ""] : [filled.slice(0, end), filled.slice(end + 1)];
  if (!first.startsWith("#!")) return `#!/bin/sh\n${exportSymbols(text, symbols)}${filled}\n`;
  const isShell = /^#!\s*\S*(\/|\s)(sh|bash|dash|ash|ksh|zsh)(\s|$)/.test(first.slice(0, 200));
  return `${first}\n${isShell ? exportSymbols(text, symbols) : ""}${rest}\n`;
}

/** @throws LaunchError `SCRIPT_ROUTE` for an image that takes no scripts */
export function checkScriptRoute(route: ScriptRoute): void {
  if (route !== "none") return;
  throw scriptError(
    "SCRIPT_ROUTE",
    'This image takes no boot scripts: its entry in the catalogue says `"script": "none"`.',
  );
}

/** @throws LaunchError `SCRIPT_LONG` */
export function checkScriptLength(text: string): string {
  if (Buffer.byteLength(text) <= MAX_SCRIPT_BYTES) return text;
  throw scriptError("SCRIPT_LONG", `A boot script may have at most ${MAX_SCRIPT_BYTES / 1024} KiB.`);
}
