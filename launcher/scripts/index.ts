export { BootScripts, type ScriptedDisks, type ScriptedStart } from "./boot-scripts.ts";
export type { ScriptPolicy } from "./policy.ts";
export { checkBootScript } from "./script.ts";
export { prepareScripts, readPrepared, readScripts } from "./prepare.ts";
export type { PreparedScripts, ScriptFolders, ScriptTools } from "./prepare.ts";
export { seedArguments } from "./seed/seed.ts";
export type { Symbols as ScriptSymbols } from "./symbols.ts";
