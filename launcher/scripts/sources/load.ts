import { holds } from "../condition/expression.ts";
import type { LoadedScript } from "../arrange.ts";
import type { Script } from "../script.ts";
import { fillIn, refusePassword, type Symbols } from "../symbols.ts";
import { fetchScript, type FetchOptions } from "./fetch.ts";
import { readScriptFile } from "./read-path.ts";

export interface LoadOptions extends FetchOptions {
  /** Scripts that are given as paths lie in here; null: there are none. */
  readonly scriptsFolder: string | null;
}

/**
 * Gets the texts of the scripts whose conditions hold, in their order.
 * @throws LaunchError `SCRIPT_PATH`, `SCRIPT_FETCH`, `SCRIPT_ADDRESS`, `SCRIPT_LONG`, `SCRIPT_PASSWORD`
 */
export async function loadScripts(
  scripts: readonly Script[],
  symbols: Symbols,
  options: LoadOptions,
): Promise<LoadedScript[]> {
  const loaded: LoadedScript[] = [];
  for (const { condition, source } of scripts) {
    if (condition !== null && !holds(condition, symbols)) continue;
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
        ? await readScriptFile(fillIn(source.path, symbols), options.scriptsFolder)
        : await fetchScript(fillIn(source.url, symbols, encodeURIComponent), options);
    refusePassword(text);
    loaded.push({ kind: "text", text: text.replaceAll("\r\n", "\n") });
  }
  return loaded;
}
