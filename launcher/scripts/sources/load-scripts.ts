import { evaluateExpression } from "../condition/expression.ts";
import type { LoadedScript } from "../plan-scripts.ts";
import type { Script } from "../script.ts";
import { fillInSymbols, refusePassword, type ScriptSymbols } from "../script-symbols.ts";
import { fetchScript, type FetchScriptOptions } from "./fetch-script.ts";
import { readScriptFile } from "./read-script-file.ts";

interface LoadScriptsOptions extends FetchScriptOptions {
  /** The folder of scripts that are given as paths; null: none. */
  readonly scriptsFolder: string | null;
}

/**
 * Gets the texts of the scripts whose conditions hold, in their order.
 * @throws LaunchError `SCRIPT_PATH`, `SCRIPT_FETCH`, `SCRIPT_ADDRESS`, `SCRIPT_LONG`, `SCRIPT_PASSWORD`
 */
export async function loadScripts(
  scripts: readonly Script[],
  symbols: ScriptSymbols,
  options: LoadScriptsOptions,
): Promise<LoadedScript[]> {
  const loaded: LoadedScript[] = [];
  for (const { condition, source } of scripts) {
    if (condition !== null && !evaluateExpression(condition, symbols)) continue;
    if (source.kind === "customize") {
      loaded.push({ kind: "customize", text: source.commands });
      continue;
    }
    if (source.kind === "text") {
      loaded.push({ kind: "text", text: source.text });
      continue;
    }
    const text =
      source.kind === "path"
        ? await readScriptFile(fillInSymbols(source.path, symbols), options.scriptsFolder)
        : await fetchScript(fillInSymbols(source.url, symbols, encodeURIComponent), options);
    refusePassword(text);
    loaded.push({ kind: "text", text: text.replaceAll("\r\n", "\n") });
  }
  return loaded;
}
