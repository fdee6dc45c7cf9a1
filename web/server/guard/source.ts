import type { FastifyRequest } from "fastify";

/** The caller's own address, as the connection has it; undefined on the administrator's socket. */
export function sourceOf(request: FastifyRequest): { address: string; port: number } | undefined {
  const { remoteAddress, remotePort } = request.raw.socket;
  return remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort ?? 0 };
}
