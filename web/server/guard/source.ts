import type { FastifyRequest } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";

type Source = NonNullable<ReturnType<Proxy["requesterOf"]>>;

/** Whom the request comes from; undefined on the administrator's socket. */
export function sourceOf(request: FastifyRequest): Source | undefined {
  return request.source ?? undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    source: Source | null;
  }
}
