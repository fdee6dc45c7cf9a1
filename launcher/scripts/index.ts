export { prepareScripts, readScripts } from "./prepare.ts";
export type { PreparedScripts, ScriptFolders, ScriptTools } from "./prepare.ts";
export { seedArguments } from "./seed/seed.ts";
export type { Symbols } from "./symbols.ts";
