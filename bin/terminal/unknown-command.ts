import type { Command } from "commander";
import { ExitCode } from "./exit-codes.ts";

/**
 * For a command that does something by itself and has subcommands: a word that is none of them is an unknown command, and not an
 * argument too many.
 */
export function refuseUnknownCommand(command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const { usage: exitCode } = ExitCode;
  if (word.startsWith("-")) command.error(`error: unknown option '${word}'`, { exitCode });
  const similar = findSimilar(
    word,
    command.commands.map((known) => known.name()),
  );
  const hint = similar.length === 0 ? "" : `\n(Did you mean ${similar.join(" or ")}?)`;
  command.error(`error: unknown command '${word}'${hint}`, { exitCode });
}

/** The words that are nearest, if they are near: at most three letters, and less than half of the word, are otherwise. */
function findSimilar(word: string, known: readonly string[]): string[] {
  const near = known
    .map((name) => ({ name, distance: measureDistance(word.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= 3 && distance * 2 < Math.max(word.length, name.length));
  const best = Math.min(...near.map(({ distance }) => distance));
  return near.filter(({ distance }) => distance === best).map(({ name }) => name);
}

/** Letters to insert, delete or replace to make one word the other (Levenshtein). */
function measureDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_value, at) => at);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [at, wanted] of [...other].entries())
      next.push(
        Math.min((row[at] ?? 0) + (letter === wanted ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1),
      );
    row = next;
  }
  return row[other.length] ?? 0;
}
