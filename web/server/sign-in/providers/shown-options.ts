/** An option as administrators may read it; null: it is set, and not shown. */
export interface ShownOption {
  readonly name: string;
  readonly value: string | null;
}

const MAX_OPTION_CHARS = 1024;

/** Every option that was given, with the values of those that may be shown: others are secrets, certificates, or not known to be none. */
export function describeOptions(
  given: Readonly<Record<string, unknown>>,
  shown: readonly string[],
): ShownOption[] {
  return Object.entries(given).flatMap(([name, value]) => describeOption(name, value, shown));
}

function describeOption(name: string, value: unknown, shown: readonly string[]): ShownOption[] {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, one]) => describeOption(`${name}.${key}`, one, shown));
  const text = [value].flat().map(String).join(", ");
  // Somebody may have put a password into an address.
  const isShown = shown.includes(name) && !/:\/\/[^/]*@/.test(text);
  return [{ name, value: isShown ? text.slice(0, MAX_OPTION_CHARS) : null }];
}
