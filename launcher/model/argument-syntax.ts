/** A value in QEMU's `key=value,key=value` syntax, where a comma is written twice. */
export function escapeValue(value: string): string {
  return value.replaceAll(",", ",,");
}

/** An option in QEMU's JSON syntax: no character of a value can split it. */
export function jsonArgument(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value);
}
