import { invalidOva } from "./ova-error.ts";

/** What manifests use, as Node.js and the manifest name it. */
export const MANIFEST_HASHES = ["sha1", "sha256", "sha512"] as const;
export type MemberDigests = Readonly<Record<(typeof MANIFEST_HASHES)[number], string>>;

/** `SHA1(NAME)= HEX`, with or without blanks. A checksum that cannot be checked is an error: nobody would miss it. */
const LINE = /^([A-Z][A-Z0-9-]{1,15})\s*\((.+)\)\s*=\s*([0-9a-f]+)\s*$/i;

/**
 * Compares a manifest with what is in the archive.
 * @param find the checksums of a member, by the name that the manifest gives it
 * @throws LaunchError `OVA_INVALID`
 */
export function checkManifest(text: string, find: (name: string) => MemberDigests | null): void {
  for (const line of text.split(/\r?\n/)) {
    const found = LINE.exec(line.trim());
    if (found === null) continue;
    const [, algorithm = "", name = "", expected = ""] = found;
    const hash = MANIFEST_HASHES.find((known) => known === algorithm.toLowerCase());
    if (hash === undefined)
      throw invalidOva(`its manifest has ${algorithm} for "${name}". Known are SHA1, SHA256 and SHA512`);
    const digests = find(name);
    if (digests === null) throw invalidOva(`its manifest names "${name}", which is not in it`);
    if (digests[hash] !== expected.toLowerCase())
      throw invalidOva(`its file "${name}" is not the one that its manifest describes. It may be damaged`);
  }
}
