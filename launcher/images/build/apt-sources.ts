/** Debian's own addresses: what a recipe uses where the host names no other mirror. */
const DEFAULT_ARCHIVE = "http://deb.debian.org/debian";
const DEFAULT_SECURITY = "http://deb.debian.org/debian-security";

export interface Mirrors {
  readonly archive: string;
  readonly security: string;
}

/**
 * The mirrors that this host itself installs from.
 * @param files the contents of `/etc/apt/sources.list` and of the files in `sources.list.d`
 */
export function findMirrors(files: readonly string[]): Mirrors {
  const lines = files.map((text) => text.replace(/^\s*#.*$/gm, ""));
  const addresses = lines.flatMap((text) => [...text.matchAll(/\bhttps?:\/\/[^\s\]]+/g)].map(([url]) => url));
  const find = (last: RegExp): string | undefined =>
    addresses.map((url) => url.replace(/\/+$/, "")).find((url) => last.test(url));
  return {
    archive: find(/\/debian$/) ?? DEFAULT_ARCHIVE,
    security: find(/\/debian-security$/) ?? DEFAULT_SECURITY,
  };
}

/** The one-line sources that an image is built from and keeps. */
export function listSources(suite: string, components: readonly string[], mirrors: Mirrors): string[] {
  const parts = components.join(" ");
  const lines = [`deb ${mirrors.archive} ${suite} ${parts}`];
  if (suite === "sid" || suite === "unstable") return lines;
  return [
    ...lines,
    `deb ${mirrors.archive} ${suite}-updates ${parts}`,
    `deb ${mirrors.security} ${suite}-security ${parts}`,
  ];
}
