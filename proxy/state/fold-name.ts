/** In one place, since the two databases fold letters beyond ASCII differently. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** For `like … escape '!'`. */
export function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, "!$&");
}
