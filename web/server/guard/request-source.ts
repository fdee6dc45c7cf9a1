import type { FastifyRequest } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";

type RequestSource = NonNullable<ReturnType<Proxy["requesterOf"]>>;

/** Whom the request comes from; undefined on the administrator's socket. */
export function requestSource(request: FastifyRequest): RequestSource | undefined {
  return request.source ?? undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    source: RequestSource | null;
  }
}
