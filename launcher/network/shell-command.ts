import type { Command } from "../system/command.ts";

/** Words for a POSIX shell, which takes them exactly as they are. */
export function quoteWords(...words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** A shell that does `script` and, by `exec "$@"` in it, becomes `command`. */
export function inShell(sh: string, script: string, command: Command): Command {
  return { program: sh, args: ["-c", script, "postern-network", command.program, ...command.args] };
}
