/** The part of a pattern before its first `*` or `?`. */
export function literalPrefix(pattern: string): string {
  const first = pattern.search(/[*?]/);
  return first < 0 ? pattern : pattern.slice(0, first);
}

/**
 * Whether a name is what a pattern says: `*` stands for any characters or none, `?` for one, each other for itself. It goes back to
 * the latest `*` alone, so that no pattern takes longer than its length times the name's.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, inName] = [0, 0];
  let [star, retry] = [-1, 0];
  while (inName < name.length) {
    const wanted = pattern[at];
    if (wanted === "*") {
      star = at;
      retry = inName;
      at += 1;
    } else if (wanted !== undefined && (wanted === "?" || wanted === name[inName])) {
      at += 1;
      inName += 1;
    } else if (star >= 0) {
      at = star + 1;
      retry += 1;
      inName = retry;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
