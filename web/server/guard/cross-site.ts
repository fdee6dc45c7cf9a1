import type { FastifyRequest } from "fastify";
import { refuse } from "../http-errors.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets a request that changes something pass only if our own pages sent it: browsers say so themselves
 * (`Sec-Fetch-Site`), older ones by `Origin`. A request that says neither comes from no page of ours.
 * What it sends is JSON, which no form of another site can send.
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
