import type { FastifyRequest } from "fastify";
import { refuse } from "../http-errors.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Accepts a request that changes something only from this server's own pages, by `Sec-Fetch-Site` or, from older
 * browsers, `Origin`; a request with neither is refused. Its body must be JSON, which a form of another site cannot send.
 * @throws RequestError `CROSS_SITE`, `JSON_REQUIRED`
 */
export function checkSameSite(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  if (!isFromOwnPage(request)) throw refuse("CROSS_SITE");
  const type = request.headers["content-type"];
  if (request.method !== "DELETE" && !/^application\/json\s*(;|$)/i.test(type ?? ""))
    throw refuse("JSON_REQUIRED");
}

function isFromOwnPage(request: FastifyRequest): boolean {
  const { host, origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  return origin !== undefined && host !== undefined && isOwnOrigin(origin, host);
}

function isOwnOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `https://${host.toLowerCase()}`;
}
