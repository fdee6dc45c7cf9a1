import { quoteText, scriptError } from "../script-error.ts";

export type PatternNode =
  | { readonly kind: "take"; readonly accepts: (character: string) => boolean; readonly negated: boolean }
  | { readonly kind: "start" | "end" }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly part: PatternNode; readonly least: 0 | 1; readonly more: boolean };

const MAX_PATTERN = 256;
const MAX_GROUPS = 20;

const CLASSES: Readonly<Record<string, (character: string) => boolean>> = {
  d: (character) => /^[0-9]$/.test(character),
  w: (character) => /^[A-Za-z0-9_]$/.test(character),
  s: (character) => /^\s$/.test(character),
};

/** @throws LaunchError `SCRIPT_CONDITION` */
export function readPattern(source: string): PatternNode {
  if (source.length > MAX_PATTERN)
    throw scriptError("SCRIPT_CONDITION", `A pattern may have at most ${MAX_PATTERN} characters.`);
  const reader = new PatternReader(source);
  const node = reader.readChoice(0);
  if (!reader.done) throw reader.fault(") without (");
  return node;
}

class PatternReader {
  readonly #source: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#characters = [...source];
  }

  get done(): boolean {
    return this.#at >= this.#characters.length;
  }

  fault(what: string): Error {
    return scriptError("SCRIPT_CONDITION", `The pattern ${quoteText(this.#source)} is wrong: ${what}.`);
  }

  readChoice(depth: number): PatternNode {
    if (depth > MAX_GROUPS) throw this.fault(`more than ${MAX_GROUPS} groups in each other`);
    const parts = [this.#readSequence(depth)];
    while (this.#skip("|")) parts.push(this.#readSequence(depth));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "choice", parts };
  }

  #readSequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    while (!this.done && this.#peek() !== "|" && this.#peek() !== ")") parts.push(this.#readRepeated(depth));
    return { kind: "sequence", parts };
  }

  #readRepeated(depth: number): PatternNode {
    const part = this.#readOne(depth);
    const mark = this.#peek();
    if (mark !== "*" && mark !== "+" && mark !== "?") return part;
    this.#at += 1;
    if (["*", "+", "?"].includes(this.#peek() ?? "")) throw this.fault("two signs of repetition in a row");
    return { kind: "repeat", part, least: mark === "+" ? 1 : 0, more: mark !== "?" };
  }

  #readOne(depth: number): PatternNode {
    const character = this.#next();
    switch (character) {
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case ".":
        return { kind: "take", accepts: () => true, negated: false };
      case "[":
        return this.#readSet();
      case "\\":
        return { kind: "take", accepts: this.#readEscape(), negated: false };
      case "(": {
        if (this.#skip("?") && !this.#skip(":")) throw this.fault("groups beginning with ? are not known");
        const inner = this.readChoice(depth + 1);
        if (!this.#skip(")")) throw this.fault("( without )");
        return inner;
      }
      case "*":
      case "+":
      case "?":
        throw this.fault(`${character} repeats nothing`);
      case "{":
        throw this.fault("counts in braces are not known; write \\{ for the brace");
      default:
        return { kind: "take", accepts: (other) => other === character, negated: false };
    }
  }

  /** `[abc]`, `[a-z]`, `[^…]` */
  #readSet(): PatternNode {
    const negated = this.#skip("^");
    const members: ((character: string) => boolean)[] = [];
    do {
      const first = this.#next();
      if (first === "\\") {
        members.push(this.#readEscape());
        continue;
      }
      const isRange = this.#peek() === "-" && this.#characters[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      const last = isRange ? this.#next() : first;
      if (last < first) throw this.fault(`the range ${first}-${last} runs backwards`);
      members.push((character) => character >= first && character <= last);
    } while (this.#peek() !== "]");
    this.#at += 1;
    return { kind: "take", accepts: (character) => members.some((accepts) => accepts(character)), negated };
  }

  #readEscape(): (character: string) => boolean {
    const letter = this.#next();
    const accepts = CLASSES[letter.toLowerCase()];
    if (accepts) return letter in CLASSES ? accepts : (character) => !accepts(character);
    if (/[A-Za-z0-9]/.test(letter)) throw this.fault(`\\${letter} is not known`);
    return (character) => character === letter;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #skip(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.fault("it ends too early");
    this.#at += 1;
    return character;
  }
}
