import { readPattern, type PatternNode } from "./pattern-syntax.ts";

/** One step of the machine that a pattern becomes. */
type Step =
  | { readonly kind: "take"; readonly accepts: (character: string) => boolean }
  | { readonly kind: "fork"; readonly to: readonly number[] }
  | { readonly kind: "start" | "end" | "match" };

export interface Pattern {
  /** Whether it occurs in the text, in time proportional to the lengths of both. */
  occursIn(text: string): boolean;
}

/**
 * A pattern in the common subset of regular expressions: characters, `.`, `[…]`, `\d \w \s`, `* + ?`, `|`, groups, `^`
 * and `$`. All alternatives are followed in parallel, so no text makes it slow.
 * @throws LaunchError `SCRIPT_CONDITION`
 */
export function compilePattern(source: string, ignoreCase: boolean): Pattern {
  const steps: Step[] = [];
  emit(readPattern(source), steps, ignoreCase);
  steps.push({ kind: "match" });
  return {
    occursIn: (text) => run(steps, [...(ignoreCase ? text.toLowerCase() : text)]),
  };
}

function emit(node: PatternNode, steps: Step[], ignoreCase: boolean): void {
  switch (node.kind) {
    case "take": {
      const { accepts, negated } = node;
      // The text is in lower case then; the pattern may have either.
      const either = (character: string): boolean =>
        accepts(character) || (ignoreCase && accepts(character.toUpperCase()));
      steps.push({ kind: "take", accepts: (character) => either(character) !== negated });
      return;
    }
    case "start":
    case "end":
      steps.push({ kind: node.kind });
      return;
    case "sequence":
      for (const part of node.parts) emit(part, steps, ignoreCase);
      return;
    case "choice": {
      const forkAt = steps.push({ kind: "fork", to: [] }) - 1;
      const starts: number[] = [];
      const exits: number[] = [];
      for (const part of node.parts) {
        starts.push(steps.length);
        emit(part, steps, ignoreCase);
        exits.push(steps.push({ kind: "fork", to: [] }) - 1);
      }
      steps[forkAt] = { kind: "fork", to: starts };
      for (const exit of exits) steps[exit] = { kind: "fork", to: [steps.length] };
      return;
    }
    case "repeat": {
      const forkAt = steps.push({ kind: "fork", to: [] }) - 1;
      emit(node.part, steps, ignoreCase);
      if (node.more) steps.push({ kind: "fork", to: [forkAt + 1, steps.length + 1] });
      steps[forkAt] = { kind: "fork", to: node.least === 0 ? [forkAt + 1, steps.length] : [forkAt + 1] };
    }
  }
}

function run(steps: readonly Step[], text: readonly string[]): boolean {
  let now = new Set<number>();
  for (let at = 0; at <= text.length; at += 1) {
    // A match may begin at every character.
    const reached = new Set<number>();
    for (const step of [...now, 0]) if (follow(steps, step, at, text.length, reached)) return true;
    now = new Set();
    const character = text[at];
    if (character === undefined) return false;
    for (const index of reached) {
      const step = steps[index];
      if (step?.kind === "take" && step.accepts(character)) now.add(index + 1);
    }
  }
  return false;
}

/** Follows steps that consume no character; true: the match is complete. */
function follow(
  steps: readonly Step[],
  from: number,
  at: number,
  length: number,
  reached: Set<number>,
): boolean {
  const waiting = [from];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const step = steps[index];
    if (step?.kind === "match") return true;
    if (step?.kind === "fork") waiting.push(...step.to);
    if ((step?.kind === "start" && at === 0) || (step?.kind === "end" && at === length))
      waiting.push(index + 1);
  }
  return false;
}
