/** As names of people and groups are compared: whatever their case, and however their letters are composed. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
