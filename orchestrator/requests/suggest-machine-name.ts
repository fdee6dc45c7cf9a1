const MAX_NAME = 64;

/** `IMAGE-N` with the smallest N that is not taken yet. */
export function suggestMachineName(image: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = `-${number}`;
    const name = image.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!isTaken(name)) return name;
  }
}
