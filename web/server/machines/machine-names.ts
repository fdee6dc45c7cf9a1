const MAX_NAME = 64;

/** `IMAGE-N` with the smallest N that no machine has yet. */
export function suggestMachineName(image: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const suffix = `-${number}`;
    const name = image.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!taken.has(name)) return name;
  }
}
