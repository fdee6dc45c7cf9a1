/** For `like … escape '!'`. */
export function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, "!$&");
}
