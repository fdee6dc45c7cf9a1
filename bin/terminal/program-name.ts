import { realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where bin/postern puts the path by which it was started. */
const STARTED_AS = "POSTERN_STARTED_AS";
const COMMANDS =
  "up|server|host|agent|join|ca|token|repeater|ticket|desktop|vm|image|darts|doctor|disk|user|login|logout|api-token|completion|session|audit|COMMAND";

/** What a person types to start this program: `postern` where that finds it, else the path by which it was started. */
export function findProgramName(env: NodeJS.ProcessEnv = process.env): string {
  const startedAs = env[STARTED_AS];
  if (startedAs === undefined || startedAs === "") return "postern";
  for (const folder of (env["PATH"] ?? "").split(delimiter))
    if (folder !== "" && isSameFile(join(folder, "postern"), startedAs)) return "postern";
  return quoteWord(startedAs);
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

/** A text with commands that run as they are printed: `postern vm list` with the program's real name. */
export function nameProgram(text: string, name = findProgramName()): string {
  if (name === "postern") return text;
  return text.replace(
    new RegExp(`(^|[\\s\`:(])postern (?=(?:${COMMANDS})\\b)`, "gm"),
    (_match, before: string) => `${before}${name} `,
  );
}

/** One word of a command line, quoted for a shell where it has to be. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
