export type { ScriptPolicy } from "./script-policy.ts";
export { checkBootScript } from "./script.ts";
export { prepareScripts, readPreparedScripts, readScripts } from "./prepare-scripts.ts";
export type { PreparedScripts, ScriptFolders, ScriptTools } from "./prepare-scripts.ts";
export { seedArguments } from "./seed/cloud-init-seed.ts";
export type { ScriptSymbols as ScriptSymbols } from "./script-symbols.ts";
