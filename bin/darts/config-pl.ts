import { findStringEnd, readLiteral, skipWhitespaceAndComments, type PerlLiteral } from "./perl-literals.ts";

export interface ConfigPl {
  readonly settings: ReadonlyMap<string, PerlLiteral>;
  readonly warnings: readonly string[];
}

const ASSIGNMENT = /^\$config\s*\{\s*(["']?)(\w{1,64})\1\s*\}\s*=(?![=~])/;

/**
 * Finds `$config{name} = value;` with plain values in DARTS's config.pl. Nothing is executed: computed
 * values, and those set inside braces, become warnings.
 */
export function readConfigPl(source: string): ConfigPl {
  const settings = new Map<string, PerlLiteral>();
  const warnings: string[] = [];
  let depth = 0;
  for (
    let at = skipWhitespaceAndComments(source, 0);
    at < source.length;
    at = skipWhitespaceAndComments(source, at)
  ) {
    const [whole, , name] = ASSIGNMENT.exec(source.slice(at, at + 200)) ?? [];
    if (whole !== undefined && name !== undefined) {
      const literal = depth === 0 ? readLiteral(source, at + whole.length) : null;
      if (literal !== null) settings.set(name, literal.value);
      else
        warnings.push(
          `config.pl, line ${findLineNumber(source, at)}: ${name} is computed there; set it by hand.`,
        );
      at = literal?.end ?? at + whole.length;
      continue;
    }
    const character = source.charAt(at);
    if (character === '"' || character === "'") at = findStringEnd(source, at) ?? at + 1;
    else if (/^=[a-z]/.test(source.slice(at, at + 2)) && [undefined, "\n"].includes(source[at - 1]))
      at = findPodEnd(source, at);
    else {
      if (character === "{") depth += 1;
      if (character === "}") depth = Math.max(0, depth - 1);
      at += 1;
    }
  }
  return { settings, warnings };
}

function findPodEnd(source: string, from: number): number {
  const end = source.indexOf("\n=cut", from);
  return end < 0 ? source.length : end + 5;
}

function findLineNumber(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}
