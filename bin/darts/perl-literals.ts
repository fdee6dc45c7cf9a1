/** A Perl literal: a number or a string, or a list of them. */
export type PerlLiteral = string | readonly string[];

/**
 * Reads one literal and the semicolon after it: `12`, `"text"`, `'text'`, `("a", 'b')`, `["a"]`, `qw(a b)`.
 * @returns null for everything else: it is code, and code is not executed
 */
export function readLiteral(source: string, from: number): { value: PerlLiteral; end: number } | null {
  const single = readScalar(source, skipWhitespaceAndComments(source, from));
  if (single !== null) return readSemicolon(source, single.end, single.value);
  const at = skipWhitespaceAndComments(source, from);
  const [opening, mark = ""] = /^qw\s*([([{/])/.exec(source.slice(at, at + 20)) ?? [];
  if (opening !== undefined) {
    const from = at + opening.length;
    const end = source.indexOf({ "(": ")", "[": "]", "{": "}" }[mark] ?? mark, from);
    return end < 0
      ? null
      : readSemicolon(source, end + 1, source.slice(from, end).split(/\s+/).filter(Boolean));
  }
  const close = { "(": ")", "[": "]" }[source.charAt(at)];
  if (close === undefined) return null;
  const values: string[] = [];
  for (let next = skipWhitespaceAndComments(source, at + 1); ;) {
    if (source.charAt(next) === close) return readSemicolon(source, next + 1, values);
    const part = readScalar(source, next);
    if (part === null) return null;
    values.push(part.value);
    next = skipWhitespaceAndComments(source, part.end);
    if (source.charAt(next) === ",") next = skipWhitespaceAndComments(source, next + 1);
    else if (source.charAt(next) !== close) return null;
  }
}

function readSemicolon(
  source: string,
  end: number,
  value: PerlLiteral,
): { value: PerlLiteral; end: number } | null {
  const at = skipWhitespaceAndComments(source, end);
  return source.charAt(at) === ";" ? { value, end: at + 1 } : null;
}

function readScalar(source: string, from: number): { value: string; end: number } | null {
  const quote = source.charAt(from);
  if (quote !== '"' && quote !== "'") {
    const [number] = /^-?\d[\d_]*(\.\d+)?/.exec(source.slice(from, from + 40)) ?? [];
    return number === undefined ? null : { value: number.replaceAll("_", ""), end: from + number.length };
  }
  const end = findStringEnd(source, from);
  if (end === null) return null;
  const inner = source.slice(from + 1, end - 1);
  // Variables in a string would have to be evaluated.
  if (quote === '"' && /(^|[^\\])[$@](\w|\{|:)/.test(inner.replaceAll(/@[A-Z_]+@/g, ""))) return null;
  const value = inner.replaceAll(/\\(.)/gs, (whole, next: string) => {
    if (quote === "'") return next === "'" || next === "\\" ? next : whole;
    return { n: "\n", t: "\t" }[next] ?? next;
  });
  return { value, end };
}

/** The position after the second quotation mark. Null: there is none. */
export function findStringEnd(source: string, from: number): number | null {
  const quote = source.charAt(from);
  for (let at = from + 1; at < source.length; at += 1) {
    if (source.charAt(at) === "\\") at += 1;
    else if (source.charAt(at) === quote) return at + 1;
  }
  return null;
}

/** Whitespace, line ends and comments. */
export function skipWhitespaceAndComments(source: string, from: number): number {
  let at = from;
  for (;;) {
    while (/\s/.test(source.charAt(at))) at += 1;
    if (source.charAt(at) !== "#") return at;
    const end = source.indexOf("\n", at);
    at = end < 0 ? source.length : end;
  }
}
