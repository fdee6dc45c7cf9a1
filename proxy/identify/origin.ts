/**
 * Whether a page of this Origin may open our WebSockets: none (no browser), one that is listed, or a
 * page of the very host that is asked. Exact comparison, scheme and port included.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  listed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  const asked = normalizeOrigin(origin);
  if (asked === null) return false;
  if (host !== undefined && asked === normalizeOrigin(`https://${host}`)) return true;
  return listed.some((other) => normalizeOrigin(other) === asked);
}

function normalizeOrigin(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const bare =
    url.username === "" && url.password === "" && url.pathname === "/" && url.search + url.hash === "";
  return bare && url.origin !== "null" ? url.origin : null;
}
