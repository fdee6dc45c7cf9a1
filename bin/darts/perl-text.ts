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

/** The position after the second quotation mark. Null: there is none. */
export function findStringEnd(source: string, from: number): number | null {
  const quote = source.charAt(from);
  for (let at = from + 1; at < source.length; at += 1) {
    if (source.charAt(at) === "\\") at += 1;
    else if (source.charAt(at) === quote) return at + 1;
  }
  return null;
}

/** The position after a section of documentation, `=word` to `=cut`. Null: none begins here. */
export function findPodEnd(source: string, from: number): number | null {
  if (!/^=[a-z]/.test(source.slice(from, from + 2)) || ![undefined, "\n"].includes(source[from - 1]))
    return null;
  const end = source.indexOf("\n=cut", from);
  return end < 0 ? source.length : end + 5;
}

interface HereDocument {
  readonly text: string;
  /** Whether variables in it are replaced. */
  readonly isInterpolated: boolean;
  /** The position after `<<"WORD"`. */
  readonly markEnd: number;
  /** The position after the line that ends it. */
  readonly end: number;
}

/** `<<"WORD"`, `<<'WORD'` or `<<WORD`, whose text begins on the next line. Null: none begins here. */
export function readHereDocument(source: string, from: number): HereDocument | null {
  const [mark, quote, word = ""] = /^<<(["']?)([A-Za-z_]\w*)\1/.exec(source.slice(from, from + 100)) ?? [];
  if (mark === undefined) return null;
  const markEnd = from + mark.length;
  const lineEnd = source.indexOf("\n", markEnd);
  const found = lineEnd < 0 ? -1 : source.indexOf(`\n${word}\n`, lineEnd);
  if (found < 0) return null;
  return {
    text: source.slice(lineEnd + 1, found + 1),
    isInterpolated: quote !== "'",
    ...{ markEnd, end: found + word.length + 2 },
  };
}
