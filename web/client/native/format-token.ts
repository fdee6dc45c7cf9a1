/** The token in short groups that are easy to copy from one screen to another. */
export function groupToken(token: string): readonly string[] {
  return [...token].reduce<string[]>((groups, character, index) => {
    if (index % 4 === 0) groups.push("");
    groups[groups.length - 1] += character;
    return groups;
  }, []);
}

/** For screen readers: one character at a time. */
export function spellToken(token: string): string {
  return [...token].join(" ");
}
